package palisade

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
)

// Ticket is what a client needs to submit a form, in the shape that programs
// get: with every 403 that has a challenge, and from the endpoint "ticket" of
// [Guard.Handler].
type Ticket struct {
	Form      string          `json:"form"`
	Ticket    string          `json:"ticket"`
	Expires   int64           `json:"expires"`          // Unix milliseconds
	Level     uint8           `json:"level"`            // what the proof must show
	Wait      int64           `json:"wait,omitempty"`   // milliseconds before which it is too new, or too quick for a person
	Decoys    []signal.Decoy  `json:"decoys,omitempty"` // to be added to a page's form, hidden
	Challenge json.RawMessage `json:"challenge"`        // the embedded proof to be made (ALTCHA v2)
	Captcha   *Widget         `json:"captcha,omitempty"`
}

// Widget is the third-party captcha to be solved as well.
type Widget struct {
	Service string `json:"service"`
	Sitekey string `json:"sitekey"`
	Field   string `json:"field"` // where its token goes
	Action  string `json:"action"`
	Script  string `json:"script"`
	Class   string `json:"class"`
	// Execute names the JavaScript object whose execute(sitekey, {action}) makes the
	// token when the form is sent, where there is no element to be solved.
	Execute string `json:"execute,omitempty"`
}

var errInvalidPass = errors.New("palisade: invalid pass")

// wish is what kind of ticket is wanted.
type wish struct {
	level    uint8
	carry    uint8
	flags    ticketFlags
	decoys   bool
	stepDown bool
	link     uint8 // of the chain of providers, at least
}

// Budgets of minting and issuing, for one address, form and level. All ways to
// get a challenge share them, since a bot takes the cheapest. Anyone can wait:
// it is the number of cheap waiting tickets that is bounded here. The wider network
// has the same budgets for all forms together, networkShare times as large.
//
// A budget that is used up is never a refusal, since a neighbour can use it up: the
// next ticket is of a higher level, and of the highest it shares its puzzle.
var budgets = [topLevel + 1]store.Take{
	{Burst: 120, Every: time.Second / 2},
	{Burst: 30, Every: 4 * time.Second},
	{Burst: 30, Every: 4 * time.Second},
}

const networkShare = 8

// mint makes a ticket for whoever sent r.
func (f *Form) mint(r *http.Request, w wish) (ticket, error) {
	now := f.guard.config.Clock()
	addr := f.addrOf(r)
	granted, err := f.afford(r, addr, w.level, now)
	for err == nil && !granted && w.level < topLevel {
		w.level++
		granted, err = f.afford(r, addr, w.level, now)
	}
	if err != nil {
		return ticket{}, err
	}
	if !granted {
		w.flags |= flagShared
	}
	t := ticket{flags: w.flags, level: w.level, carry: w.carry, issued: now, form: f.id, network: f.guard.networkTag(addr), agent: agentTag(r)}
	if w.decoys {
		t.flags |= flagDecoys
	}
	if w.stepDown {
		t.flags |= flagStepDown
	}
	t.flags |= ticketFlags(f.guard.chain.up(w.link)<<linkShift) & linkBits
	t.newNonce()
	return t, nil
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
func (f *Form) afford(r *http.Request, addr netip.Addr, level uint8, now time.Time) (bool, error) {
	own, all := budgets[level], budgets[level]
	digit := string('0' + rune(level))
	own.Key = store.Key(f.guard.keys.lookup.TagAddr("budget\x00"+f.config.Name+digit, clientip.Prefix(addr).Addr()))
	all.Key = store.Key(f.guard.keys.lookup.TagAddr("budget\x00\x00"+digit, clientip.Network(addr).Addr()))
	all.Burst, all.Every = all.Burst*networkShare, all.Every/networkShare
	result, err := f.guard.budget.Spend(r.Context(), store.Trip{Now: now, Takes: []store.Take{own, all}})
	return err == nil && result.Status == store.Granted, err
}

// issue makes the embedded challenge of a ticket. One that shares its puzzle, or
// that finds no place to make one, gets that of its network.
func (f *Form) issue(r *http.Request, t *ticket) ([]byte, error) {
	binding := t.binding()
	work, _ := f.requires(t.level, t)
	challenge := pow.Challenge{Binding: binding[:], Level: work, Issued: t.issued, Expires: t.issued.Add(f.config.MaxAge)}
	if !t.has(flagShared) {
		made, err := f.guard.pow.AppendChallenge(nil, challenge)
		if !errors.Is(err, pow.ErrBusy) {
			return made, err
		}
	}
	network := clientip.Network(f.addrOf(r)).Addr().As16()
	puzzle, err := f.guard.puzzles.Shared(r.Context(), f.guard.pow, network, work, f.guard.config.Clock())
	if err != nil {
		return nil, err
	}
	return f.guard.pow.AppendPuzzle(nil, challenge, puzzle)
}

// offer mints a ticket with everything that goes with it.
func (f *Form) offer(r *http.Request, w wish) (Ticket, error) {
	t, err := f.mint(r, w)
	if err != nil {
		return Ticket{}, err
	}
	return f.describe(r, &t)
}

// describe makes what goes with a ticket.
func (f *Form) describe(r *http.Request, t *ticket) (Ticket, error) {
	challenge, err := f.issue(r, t)
	if err != nil {
		return Ticket{}, err
	}
	o := Ticket{
		Form:      f.config.Name,
		Ticket:    string(f.guard.keys.appendTicket(nil, t)),
		Expires:   t.issued.Add(f.config.MaxAge).UnixMilli(),
		Level:     t.level,
		Wait:      f.ripe(t).Milliseconds(),
		Challenge: challenge,
	}
	if t.has(flagDecoys) {
		decoys := signal.Decoys(f.guard.keys.tickets[0].decoySeed(t))
		o.Decoys = decoys[:]
	}
	if _, asked := f.requires(t.level, t); asked {
		provider := f.guard.provider(t)
		service := provider.Service()
		script := service.Script
		if service.Execute != "" {
			script += "?render=" + url.QueryEscape(provider.Sitekey())
		}
		o.Captcha = &Widget{
			Service: service.Name, Sitekey: provider.Sitekey(), Field: service.Field,
			Action: f.config.Name, Script: script, Class: service.Class, Execute: service.Execute,
		}
	}
	return o, nil
}

// ripe is how old the ticket must be for its age to speak against nobody. The
// script holds a person who is quicker for so long, instead of having them
// challenged.
func (f *Form) ripe(t *ticket) time.Duration {
	if t.has(flagRetry) { // the form was filled before
		return f.wait(t.level)
	}
	return max(f.wait(t.level), f.config.MinFill, 0)
}

// pageLevel is what a page asks of a visitor about whom nothing is known.
func (f *Form) pageLevel() uint8 {
	if f.config.Ask == Always {
		return 1
	}
	return 0
}
