package palisade

import (
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/challenge/work"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/web"
)

// Offer has everything that a client needs to submit a form. Programs get it as JSON:
// with every 403 that has a challenge, and from the endpoint "ticket" of [Guard.Handler].
type Offer struct {
	Form      string          `json:"form"`
	Ticket    string          `json:"ticket"`
	Expires   int64           `json:"expires"`             // Unix milliseconds
	Level     challenge.Rung  `json:"level"`               // the rung that the answer must open
	Kind      string          `json:"kind"`                // of challenge: its name
	Wait      int64           `json:"wait,omitempty"`      // milliseconds before which it is too new, or too quick for a person
	Decoys    []signal.Decoy  `json:"decoys,omitempty"`    // to be added to a page's form, hidden
	Challenge json.RawMessage `json:"challenge,omitempty"` // the embedded proof to be made (ALTCHA v2)
	Captcha   *Widget         `json:"captcha,omitempty"`   // the captcha to be solved as well
	Prompt    *Prompt         `json:"prompt,omitempty"`    // the question to be answered as well

	html template.HTML // of the prompt
}

// Widget is a third-party captcha.
type Widget = challenge.Widget

// Prompt is the question of a kind of Config.Challenges.
type Prompt struct {
	Field string `json:"field"` // where the answer goes
	Data  any    `json:"data,omitempty"`
}

var errInvalidPass = errors.New("palisade: invalid pass")

// wish is what kind of ticket is wanted.
type wish struct {
	rung   challenge.Rung
	from   challenge.ID // of the ladder, at least
	carry  uint8
	flags  ticket.Flags
	decoys bool
	page   string // text of the page token, or of a ticket, of the page that asks
}

// networkShare is how many times as large the budgets of a network are. Budgets bound
// minting and issuing, for one address, form and rung. All ways to get a challenge share
// them, since a bot takes the cheapest. Anyone can wait: it is the number of cheap waiting
// tickets that is bounded here. The wider network has budgets for all forms together.
//
// A budget that is used up is never a refusal, because a neighbour can use it up. The
// next ticket is of a higher rung instead. If the budget of the hard rung is used up, the
// ticket shares its puzzle.
const networkShare = 8

// mint makes a ticket for the visitor who sent r.
func (f *Form) mint(r *http.Request, w wish) (t ticket.Ticket, err error) {
	now := f.guard.config.Clock()
	addr := f.addrOf(r)
	granted, err := f.afford(r, addr, w.rung, now)
	for err == nil && !granted && w.rung < challenge.Hard {
		w.rung++
		granted, err = f.afford(r, addr, w.rung, now)
	}
	if err != nil {
		return t, err
	}
	if !granted {
		w.flags |= ticket.Shared
	}
	if w.decoys {
		w.flags |= ticket.Decoys
	}
	t = ticket.Ticket{
		Flags: w.flags, Rung: w.rung, Kind: f.ladder.Ask(w.rung, w.from).ID, Carry: w.carry, Issued: f.since(r, w, addr, now), Form: f.id,
		Network: f.guard.keys.Network(addr), Agent: ticket.AgentOf(r.Header),
	}
	f.guard.keys.Mint(&t)
	return t, nil
}

// PageToken returns a signed text that says when a page was loaded, by which browser and
// from which network. A script of the page shows it when it asks for tickets: these are
// then as old as the page, so a visitor who is there for some time need not wait. The text
// opens nothing, and has no character that HTML escapes. A page that others may get too
// must not have one.
func (g *Guard) PageToken(r *http.Request) string {
	addr, err := g.config.ClientIP.Addr(r)
	if err != nil {
		return ""
	}
	t := ticket.Ticket{Flags: ticket.Page, Issued: g.config.Clock(), Network: g.keys.Network(addr), Agent: ticket.AgentOf(r.Header)}
	g.keys.Mint(&t)
	return string(g.keys.Append(nil, &t))
}

// A page may have so many tickets that are as old as the page: eight at once,
// and one more every three seconds. So one visit to a page is no bank of ripe tickets.
const (
	pageTickets = 8
	pageEvery   = 3 * time.Second
)

// since returns the time from which the age of a ticket counts: now or, for a script and for
// a form that a script built, the time at which its page was loaded. Only a signed text of the page says so. It holds for
// the browser and the network that loaded the page. A ticket that would soon be too old, or
// is older than the store may be, would be challenged instead.
func (f *Form) since(r *http.Request, w wish, addr netip.Addr, now time.Time) time.Time {
	if w.page == "" {
		return now
	}
	page, ours := f.guard.keys.Parse(w.page)
	if !ours || page.Form != f.id && !page.Has(ticket.Page) || page.Has(ticket.Script|ticket.Session) ||
		page.Issued.After(now) || page.Issued.Before(f.guard.began) || now.Sub(page.Issued) >= f.config.MaxAge/2 ||
		page.Agent != ticket.AgentOf(r.Header) || page.Network != f.guard.keys.Network(addr) {
		return now
	}
	take := store.Take{Key: page.Key(), Every: pageEvery, Burst: pageTickets}
	result, err := f.guard.budget.Spend(r.Context(), store.Trip{Now: now, Takes: []store.Take{take}})
	if err != nil || result.Status != store.Granted {
		return now
	}
	return page.Issued
}

// addrOf returns the address that tickets are counted for. Those of whom there is
// none are counted together; their submissions will be refused.
func (f *Form) addrOf(r *http.Request) netip.Addr {
	addr, err := f.guard.config.ClientIP.Addr(r)
	if err != nil {
		return netip.IPv6Unspecified()
	}
	return addr
}

// afford takes one challenge out of the budgets of an address and its network.
func (f *Form) afford(r *http.Request, addr netip.Addr, rung challenge.Rung, now time.Time) (bool, error) {
	budget := rung.Budget()
	digit := string('0' + rune(rung))
	own := store.Take{Burst: budget.Burst, Every: budget.Every}
	own.Key = store.Key(f.guard.keys.Lookup.TagAddr("budget\x00"+f.config.Name+digit, clientip.Prefix(addr).Addr()))
	all := store.Take{Burst: budget.Burst * networkShare, Every: budget.Every / networkShare}
	all.Key = store.Key(f.guard.keys.Lookup.TagAddr("budget\x00\x00"+digit, clientip.Network(addr).Addr()))
	result, err := f.guard.budget.Spend(r.Context(), store.Trip{Now: now, Takes: []store.Take{own, all}})
	return err == nil && result.Status == store.Granted, err
}

// issue makes the embedded challenge of a ticket, or nil where none goes with its kind.
func (f *Form) issue(r *http.Request, t *ticket.Ticket, kind *challenge.Kind) ([]byte, error) {
	if kind.Work == challenge.NoWork {
		return nil, nil
	}
	return f.guard.proofs.Issue(r.Context(), work.Ask{
		Work: kind.Work, Binding: t.Binding(), Issued: t.Issued, Expires: t.Issued.Add(f.config.MaxAge),
		Now: f.guard.config.Clock(), Shared: t.Has(ticket.Shared),
	}, func() netip.Addr { return f.addrOf(r) })
}

// ask returns the facts that a kind of challenge gets of a ticket.
func (f *Form) ask(kind *challenge.Kind, t *ticket.Ticket, remote netip.Addr, now time.Time) challenge.Ask {
	return challenge.Ask{
		Form: f.config.Name, Seed: t.Seed(kind.Name), Now: now, Remote: remote, Hosts: f.guard.hostnames,
	}
}

// offer mints a ticket with everything that goes with it.
func (f *Form) offer(r *http.Request, w wish) (Offer, error) {
	t, err := f.mint(r, w)
	if err != nil || f.guard.listens(r.Context(), slog.LevelDebug) {
		f.tellTicket(r.Context(), &t, w, err)
	}
	if err != nil {
		return Offer{}, err
	}
	return f.describe(r, &t, string(f.guard.keys.Append(nil, &t)))
}

// describe makes the offer of a ticket, whose signed text is known.
func (f *Form) describe(r *http.Request, t *ticket.Ticket, text string) (Offer, error) {
	kind := f.ladder.Kind(t.Kind)
	proof, err := f.issue(r, t, kind)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{
		Form:      f.config.Name,
		Ticket:    text,
		Expires:   t.Issued.Add(f.config.MaxAge).UnixMilli(),
		Level:     t.Rung,
		Kind:      kind.Name,
		Wait:      max(f.ripe(t)-f.guard.config.Clock().Sub(t.Issued), 0).Milliseconds(),
		Challenge: proof,
	}
	if t.Has(ticket.Decoys) {
		decoys := signal.Decoys(t.DecoySeed())
		o.Decoys = decoys[:]
	}
	if kind.Issue != nil {
		err = f.prompt(r, &o, kind, t)
	}
	return o, err
}

// prompt puts the question of a kind of challenge into an offer.
func (f *Form) prompt(r *http.Request, o *Offer, kind *challenge.Kind, t *ticket.Ticket) error {
	ask := f.ask(kind, t, f.addrOf(r), f.guard.config.Clock())
	ask.Lang = web.Lang(r.Header.Get("Accept-Language"))
	p, err := kind.Issue(r.Context(), ask)
	if err != nil {
		return err
	}
	o.Captcha, o.html = p.Widget, p.HTML
	if p.Widget == nil {
		o.Prompt = &Prompt{Field: kind.Field, Data: p.Data}
	}
	return nil
}

// ripe is how old the ticket must be for its age to speak against nobody. The
// script holds a person who is quicker for so long, instead of having them
// challenged.
func (f *Form) ripe(t *ticket.Ticket) time.Duration {
	age := t.Rung.Age(f.fillOf(t))
	if t.Has(ticket.Retry) { // the form was filled before
		return age
	}
	return max(age, f.fillOf(t))
}

// fillOf is the shortest time in which a person fills the form of a ticket. Nobody fills in
// what a script sends by itself.
func (f *Form) fillOf(t *ticket.Ticket) time.Duration {
	if f.config.Sessions && t.Has(ticket.Script) {
		return 0
	}
	return f.config.MinFill
}

// pageRung is the rung that a page asks for when nothing is known about the visitor.
func (f *Form) pageRung() challenge.Rung {
	if f.config.Ask == Always {
		return challenge.Visible
	}
	return challenge.Silent
}
