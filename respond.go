package palisade

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/internal/duplicate"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/web"
)

// Refuse answers a request that was not allowed. People get a page that keeps all input;
// programs get application/problem+json. It says nothing of which signal fired; the
// visitor gets the decision's id to quote.
//
// It is for programs that call [Form.Check] themselves. An allowed decision is
// answered 500, since it should have gone to the handler.
func (f *Form) Refuse(w http.ResponseWriter, r *http.Request, d Decision) {
	f.Answer(w, d.submission(r), d)
}

// Answer is [Form.Refuse] for a submission, after [Form.Judge]. The page holds the fields
// of the submission.
func (f *Form) Answer(w http.ResponseWriter, s *Submission, d Decision) { f.answer(w, s, d, nil) }

func (f *Form) answer(w http.ResponseWriter, s *Submission, d Decision, first *duplicate.Answer) {
	if d.Allowed() {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	p := f.reply(w, s, d)
	if d.Reason == ReasonDuplicate {
		if first != nil && p.repeat(s.request.Context(), first) {
			return
		}
		d.Outcome = Challenge // the first click did not go through either
	}
	switch d.Outcome {
	case Divert:
		f.config.Divert.ServeHTTP(w, s.request)
	case Challenge:
		p.challenge(d)
	default:
		p.refusal(d.Status(), d.RetryAfter)
	}
}

// reply is one answer in the making.
type reply struct {
	form    *Form
	w       http.ResponseWriter
	sub     *Submission // as far as it could be read
	open    bool        // the input goes into the page as plain fields: a capsule could not come back
	problem bool        // the client wants problem+json

	// elsewhere says that another site's page sent the submission. It has come so far
	// because the signal "origin" is only recorded, or because nothing is judged.
	elsewhere bool

	lang string
	id   string
	site string // shown above a page
	back string // where its link back leads
}

func (f *Form) reply(w http.ResponseWriter, s *Submission, d Decision) *reply {
	navigates, _ := navigation(s.request.Header)
	unread := !s.read && d.unread && !navigates
	if !s.read && !unread {
		s.readFor(f)
	}
	if s.err != nil && !d.bodyReadable() {
		w.Header().Set("Connection", "close") // the rest of it is not read
	}
	h := w.Header()
	neverStored(h)
	h.Add("Vary", "Accept, Accept-Language")
	return &reply{
		form: f, w: w, sub: s, open: d.Reason == ReasonCapsule, problem: unread || s.wantsProblem(), elsewhere: f.isElsewhere(s, d),
		lang: web.Lang(s.request.Header.Get("Accept-Language")), id: d.ID.String(),
		site: f.guard.siteOf(s.request), back: web.Home(f.guard.config.Prefix, web.Back(s.request, append([]string{f.guard.config.Site}, f.guard.config.Hosts...)...)),
	}
}

// siteOf returns the site's public host, for people to read. With AnyHost the one in
// the configuration is not where the site is.
func (g *Guard) siteOf(r *http.Request) string {
	if g.config.AnyHost {
		return r.Host
	}
	return g.config.Site
}

// neverStored has no cache keep an answer. A cache obeys a header for its own kind before
// Cache-Control (RFC 9213, 2.2). A middleware around the guard may have set one for the
// pages of the app.
func neverStored(h http.Header) {
	for name := range h {
		if strings.HasSuffix(name, "-Cache-Control") || strings.HasSuffix(name, "Surrogate-Control") || strings.HasSuffix(name, "Edge-Control") || strings.HasSuffix(name, "-Ttl") || name == "X-Accel-Expires" {
			delete(h, name)
		}
	}
	h.Set("Cache-Control", "no-store")
}

func (d Decision) bodyReadable() bool {
	return d.Reason != ReasonTooLarge && d.Reason != ReasonUnreadable
}

// navigation reports whether a browser says that it shows the answer as a page. known is
// false where no browser says anything, or something says it twice.
func navigation(h http.Header) (navigates, known bool) {
	mode := h["Sec-Fetch-Mode"]
	if len(mode) != 1 {
		return false, false
	}
	return mode[0] == "navigate" || mode[0] == "nested-navigate", true
}

// wantsProblem tells a program from a person who waits for a page. A browser says which of
// them sends (Fetch Metadata, 2.3): a navigation shows the answer, and a script that says
// it accepts HTML would put our page into its own. Of other clients the Accept header
// counts, and a ticket in a header, which only a script can set.
func (s *Submission) wantsProblem() bool {
	h := s.request.Header
	if navigates, known := navigation(h); known {
		return !navigates
	}
	accept := strings.ToLower(strings.Join(h["Accept"], ","))
	if strings.Contains(accept, "text/html") {
		return false
	}
	return s.body.JSON() || strings.Contains(accept, "json") || len(h[HeaderTicket]) > 0
}

// repeat answers a double click as its first click was answered, without the
// body. It reports false when that one was refused after all.
func (p *reply) repeat(ctx context.Context, first *duplicate.Answer) bool {
	accepted, status, location := first.Wait(ctx)
	if !accepted {
		return false
	}
	if location != "" && status >= 300 && status < 400 {
		p.w.Header().Set("Location", location)
		p.w.WriteHeader(status)
		return true
	}
	if p.problem {
		p.writeProblem(http.StatusConflict, "Already received", nil)
		return true
	}
	p.notice(web.NoticeReceived, http.StatusOK, 0)
	return true
}

// challenge answers with a new ticket and its challenge.
func (p *reply) challenge(d Decision) {
	p.ask(d.retry(), d.Status(), why(d.Reason))
}

// ask answers with a page, or an offer, that sends the same submission again.
func (p *reply) ask(w wish, status int, why web.Why) {
	if p.elsewhere {
		// Sent again from a page of ours, the submission would look like our visitor's.
		p.refusal(status, 0)
		return
	}
	if !p.problem && !p.keeps() {
		p.refusal(http.StatusRequestEntityTooLarge, 0)
		return
	}
	w.flags |= ticket.Shared // a bot that posts and leaves costs us no derivation
	o, err := p.form.offer(p.sub.request, w)
	if err != nil {
		p.refusal(http.StatusServiceUnavailable, 0)
		return
	}
	if w.flags&ticket.Challenged != 0 {
		p.form.tellShown(p.sub.request.Context(), &o, p.id)
	}
	if p.problem {
		p.writeProblem(status, "Confirmation needed", &o)
		return
	}
	page := p.page(&o, why)
	h := p.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", page.CSP())
	// With no-referrer a browser sends "Origin: null", which refuses the person.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	p.w.WriteHeader(status)
	_ = page.Write(p.w) // an error means that the client has gone away
}

// keeps reports whether the page may hold the input. A visitor without a ticket of ours
// may send only as much as a typed form has, because we send it back. A page that held
// none of it would send an empty form.
func (p *reply) keeps() bool {
	own, typed := p.sub.own(p.form.guard, p.form.answers), 0
	for _, f := range p.sub.body.Fields() {
		if !own(f.Name) {
			typed += len(f.Name) + len(f.Value)
		}
	}
	_, ours := p.sub.ticketOf(p.form.guard)
	return typed <= maxUnticketed || p.open || ours
}

// page is the challenge page with everything that was typed.
func (p *reply) page(o *Offer, why web.Why) *web.ChallengePage {
	page := &web.ChallengePage{
		Lang: p.lang, Base: p.form.guard.config.Base, Why: why, ID: p.id, Site: p.site, Back: p.back, Parents: p.parents(),
		Form: o.Form, Action: p.form.guard.config.Prefix + target(p.sub.request), Ticket: o.Ticket, Expires: o.Expires,
		Wait: o.Wait, Challenge: string(o.Challenge), Widget: o.Captcha, Prompt: o.html,
	}
	if r := p.sub.request; p.form.config.Sessions && r.Method == http.MethodGet {
		page.Session = p.form.guard.config.Base + "session?form=" + p.form.config.Name
		return page
	}
	if p.form.config.Transparent && !p.open {
		page.Capsule = p.sub.seal(p.form, o.Ticket, ticket.BindBrowser(p.w, p.sub.request, p.form.guard.browser))
	}
	if page.Capsule == nil {
		p.fill(page)
	}
	return page
}

// parents returns who may frame the page; nil: the same origin.
func (p *reply) parents() []string {
	if p.form.config.FrameParents == nil {
		return nil
	}
	return p.form.config.FrameParents(p.sub.request)
}

// fill puts the input into the page, field by field.
func (p *reply) fill(page *web.ChallengePage) {
	if strings.HasPrefix(p.sub.request.Header.Get("Content-Type"), "multipart/form-data") {
		page.Enctype = "multipart/form-data"
	}
	own := p.sub.own(p.form.guard, p.form.answers)
	for _, f := range p.sub.body.Fields() {
		switch {
		case own(f.Name) || p.sub.body.JSON():
		case f.File:
			page.Files = append(page.Files, f.Name)
		default:
			page.Fields = append(page.Fields, web.Field{Name: f.Name, Value: f.Value})
		}
	}
}

// target is where the page sends the form again: the same path and query on this host,
// also if the path begins with two slashes.
func target(r *http.Request) string {
	return "/" + strings.TrimLeft(r.URL.RequestURI(), "/\\")
}

// why says to people what happened, in terms that tell a bot nothing.
func why(reason Reason) web.Why {
	switch reason {
	case ReasonTicketExpired, ReasonForgotten:
		return web.WhyExpired
	case ReasonTicketSpent, ReasonDuplicate:
		return web.WhySpent
	}
	return web.WhyCheck
}

// refusal answers without a way on.
func (p *reply) refusal(status int, retryAfter time.Duration) {
	if status == http.StatusServiceUnavailable && retryAfter == 0 {
		retryAfter = outageWait
	}
	if retryAfter > 0 {
		p.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(retryAfter.Seconds()))))
	}
	if p.problem {
		p.writeProblem(status, http.StatusText(status), nil)
		return
	}
	kind := web.NoticeDenied
	switch status {
	case http.StatusTooManyRequests:
		kind = web.NoticeLimited
	case http.StatusServiceUnavailable:
		kind = web.NoticeUnavailable
	case http.StatusRequestEntityTooLarge:
		kind = web.NoticeTooLarge
	case http.StatusBadRequest, http.StatusUnsupportedMediaType:
		kind = web.NoticeUnreadable
	}
	p.notice(kind, status, retryAfter)
}

// problem is an answer for programs, with the challenge as an extension.
type problem struct {
	web.Problem
	Challenge *Offer `json:"challenge,omitempty"`
}

func (p *reply) writeProblem(status int, title string, o *Offer) {
	writeJSONAs(p.w, web.ProblemType, status, problem{web.Problem{Title: title, Status: status, ID: p.id}.Filled(), o})
}

func (p *reply) notice(kind web.NoticeKind, status int, retryAfter time.Duration) {
	web.Notice{
		Kind: kind, Lang: p.lang, Base: p.form.guard.config.Base, ID: p.id, RetryAfter: retryAfter, Site: p.site, Back: p.back, Parents: p.parents(),
	}.Serve(p.w, status)
}
