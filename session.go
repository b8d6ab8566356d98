package palisade

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/internal/submission"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/store"
)

// A session lets so many requests pass for so long, see FormConfig.Sessions. It holds for
// the form, the browser and the network that opened it. The limits of the form count its
// requests too, so many sessions of one address are worth no more than one.
const (
	SessionWrites = 30
	SessionLife   = 10 * time.Minute
)

// A request with a session passes through these steps instead. Its body is not read.
var sessionSteps = [...]step{
	{run: (*attempt).exempt},
	{run: (*attempt).identify},
	{run: (*attempt).inspectRequest},           // a cross-site browser is refused, with or without a session
	{run: (*attempt).checkSession},             // ours, for this form, browser and network, young enough
	{run: (*attempt).weigh},                    // findings -> the rung that the session must have opened
	{run: (*attempt).checkRung},                // the session did open this rung
	{run: (*attempt).spendWrite, spends: true}, // ONE trip: the limits, and one request of the session
}

// hasSession reports whether the attempt is judged by a session. A ticket in a header goes
// first. What a page's form sends is a form. Where there is no session, a body whose fields
// may hold a ticket is read, and no other.
func (a *attempt) hasSession() bool {
	s, f := a.sub, a.form
	if !f.config.Sessions || s.opens || s.whole || s.given || s.inHeaders() {
		return false
	}
	fields, form := submission.Readable(a.req)
	navigates, known := navigation(a.req.Header)
	if navigates && a.req.Method != http.MethodGet || form && !known {
		return false
	}
	text := ticket.SessionOf(a.req, f.id, f.guard.browser)
	if text == "" && (fields || navigates) {
		return false
	}
	a.unread = !s.read
	a.ticket, _ = f.guard.keys.Parse(text) // the zero ticket is no session
	a.session = text != ""
	return true
}

// inHeaders reports whether the request has a ticket in a header, which only a script or a
// program sends.
func (s *Submission) inHeaders() bool {
	lines := s.request.Header[HeaderTicket]
	return len(lines) > 0 && lines[0] != ""
}

func (a *attempt) checkSession(_ context.Context) ending {
	t, why := &a.ticket, ReasonSessionInvalid
	if !a.session {
		why = ReasonSessionMissing
	} else {
		age := a.now.Sub(t.Issued)
		if t.Form == a.form.id && t.Has(ticket.Session) && t.Rung <= a.form.ladder.Top() && !t.Issued.After(a.now.Add(pow.ClockSkew)) && age < SessionLife &&
			t.Agent == ticket.AgentOf(a.req.Header) && t.Network == a.form.guard.keys.Network(a.addr) {
			why = ""
		}
	}
	a.need = a.form.pageRung()
	if why != "" {
		a.session, a.ticket = false, ticket.Ticket{}
		return challenged(why)
	}
	a.kind = a.form.ladder.Kind(t.Kind)
	return goOn
}

// checkRung asks for a better session where the request is more suspicious than the one
// that opened the session.
func (a *attempt) checkRung(_ context.Context) ending {
	if a.ticket.Rung < a.need {
		return challenged(ReasonSuspicious)
	}
	return goOn
}

// spendWrite takes one request of the session and of the form's limits. The claim claims
// nothing that was there before. By its time of issue the store refuses sessions that are
// older than its memory, in which they might have been used up.
func (a *attempt) spendWrite(ctx context.Context) ending {
	f := a.form
	claim := store.Claim{Issued: a.ticket.Issued, Expires: a.now.Add(time.Minute)}
	rand.Read(claim.Key[:])
	takes := append(a.takes[:0], store.Take{Key: a.ticket.Key(), Every: SessionLife, Burst: SessionWrites})
	takes = a.fill(takes, f.strict)
	takes = a.fill(takes, f.own) // a step is taken once for many writes, so it does not help here
	soft := len(takes)
	if a.ticket.Rung < challenge.Hard {
		takes = a.fill(takes, f.networks)
		takes = a.fill(takes, f.targets)
	}
	result, err := f.visit(ctx, store.Trip{Now: a.now, Claims: append(a.claims[:0], claim), Takes: takes})
	switch {
	case err != nil:
		return a.outage(ReasonStoreDown, err)
	case result.Status == store.Granted:
		a.keep(takes)
		return goOn
	case result.Status == store.Limited && result.Index == 0:
		a.need = max(a.need, a.ticket.Rung)
		return challenged(ReasonSessionUsedUp)
	}
	return a.refused(ctx, result, soft)
}

// serveSession opens a session for a ticket and its proof, which come in headers.
func (g *Guard) serveSession(w http.ResponseWriter, r *http.Request) {
	f := g.formOf(w, r, http.MethodPost)
	if f == nil {
		return
	}
	if !f.config.Sessions {
		writeJSON(w, http.StatusNotFound, fetchError{"This form has no sessions."})
		return
	}
	if r.ContentLength != 0 {
		w.Header().Set("Connection", "close") // the body is not read, and the answer does not wait for it
		writeJSON(w, http.StatusBadRequest, fetchError{"Ticket and proof come in headers, without a body."})
		return
	}
	r.Body = http.NoBody
	s := NewSubmission(r)
	s.opens = true
	d, answer := f.decide(s)
	if !d.Allowed() {
		f.answer(w, s, d, answer)
		return
	}
	answer.Close()
	now := g.config.Clock()
	if !d.Monitored && d.Reason != ReasonExempt { // otherwise nobody has checked a proof
		f.setSession(w, r, d, now)
	}
	writeJSON(w, http.StatusOK, sessionOffer{Expires: now.Add(SessionLife).UnixMilli(), Writes: SessionWrites})
}

// setSession sets the cookie of a session that an allowed attempt opened.
func (f *Form) setSession(w http.ResponseWriter, r *http.Request, d Decision, now time.Time) {
	g := f.guard
	t := ticket.Ticket{
		Flags: ticket.Session, Rung: f.ladder.Kind(d.kind).Rung, Kind: d.kind, Issued: now, Form: f.id,
		Network: g.keys.Network(f.addrOf(r)), Agent: ticket.AgentOf(r.Header),
	}
	g.keys.Mint(&t)
	ticket.SetSession(w, r, f.id, g.browser, string(g.keys.Append(nil, &t)), SessionLife)
}

// sessionOffer says what a session is good for.
type sessionOffer struct {
	Expires int64 `json:"expires"` // Unix milliseconds
	Writes  int   `json:"writes"`
}
