package palisade

import (
	"context"
	"log/slog"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/event"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/store"
)

// Decisions returns a sink that passes decisions on, and no other event.
func Decisions(f func(context.Context, Decision)) event.Sink {
	return func(ctx context.Context, e event.Event) {
		if d, is := e.(Decision); is {
			f(ctx, d)
		}
	}
}

// listens reports whether anybody is told of events of a severity. Where nobody is, the
// event need not be made.
func (g *Guard) listens(ctx context.Context, severity slog.Level) bool {
	return g.config.Events != nil || g.config.Logger.Enabled(ctx, severity)
}

// tell tells the log and the sink. The visitor is told nothing.
func (g *Guard) tell(ctx context.Context, e event.Event) {
	event.Log(ctx, g.config.Logger, e)
	g.config.Events.Tell(ctx, e)
}

// where names the form in events.
func (f *Form) where() event.Form {
	return event.Form{Site: f.guard.config.Site, Form: f.config.Name}
}

// tell tells of a decision, and of a challenge that was passed.
func (f *Form) tell(ctx context.Context, a *attempt, d Decision) {
	if f.guard.listens(ctx, d.Severity()) {
		f.guard.tell(ctx, d)
	}
	if d.Allowed() && d.Would == Allow && a.ticket.Has(ticket.Challenged) && f.guard.listens(ctx, slog.LevelDebug) {
		f.guard.tell(ctx, event.ChallengePassed{
			Form: f.where(), Kind: a.kind.Name, Level: uint8(a.ticket.Rung), Took: a.now.Sub(a.ticket.Issued),
		})
	}
}

// tellTicket tells of a ticket that was minted, or could not be, for a wish.
func (f *Form) tellTicket(ctx context.Context, t *ticket.Ticket, w wish, err error) {
	e := event.Ticket{Form: f.where(), Level: uint8(w.rung), Err: err}
	if err == nil {
		e.Kind, e.Level, e.Escalated, e.Shared = f.ladder.Kind(t.Kind).Name, uint8(t.Rung), t.Rung > w.rung, t.Has(ticket.Shared)
	}
	f.guard.tell(ctx, e)
}

// tellShown tells that a visitor was asked for a step.
func (f *Form) tellShown(ctx context.Context, o *Offer, decision string) {
	if f.guard.listens(ctx, slog.LevelDebug) {
		f.guard.tell(ctx, event.ChallengeShown{Form: f.where(), Kind: o.Kind, Level: uint8(o.Level), Decision: decision})
	}
}

// visit makes a trip to the store of the site.
func (f *Form) visit(ctx context.Context, trip store.Trip) (store.Result, error) {
	if !f.guard.listens(ctx, slog.LevelDebug) {
		return f.guard.config.Store.Spend(ctx, trip)
	}
	began := time.Now()
	result, err := f.guard.config.Store.Spend(ctx, trip)
	e := event.StoreTrip{
		Form: f.where(), Claims: len(trip.Claims), Takes: len(trip.Takes), Result: result.Status.String(), Took: time.Since(began), Err: err,
	}
	if err != nil {
		e.Result = "error"
	}
	f.guard.tell(ctx, e)
	return result, err
}

// tellLimit tells that a limit was reached. The takes that no limit of the form asks for
// bound how many tokens of one network are under way.
func (f *Form) tellLimit(ctx context.Context, r *rule, soft bool) {
	if !f.guard.listens(ctx, slog.LevelDebug) {
		return
	}
	e := event.Limit{Form: f.where(), By: "tokens under way", Soft: soft}
	if r != nil {
		e.By = r.by.String()
	}
	f.guard.tell(ctx, e)
}

// askKind has the kind of challenge judge the reply.
func (a *attempt) askKind(ctx context.Context) (challenge.Result, error) {
	f := a.form
	ask := f.ask(a.kind, &a.ticket, a.addr, a.now)
	if a.kind.Service == "" || !f.guard.listens(ctx, slog.LevelDebug) {
		return a.kind.Check(ctx, ask, a.reply)
	}
	began := time.Now()
	result, err := a.kind.Check(ctx, ask, a.reply)
	e := event.ProviderCall{Form: f.where(), Kind: a.kind.Name, Result: "ok", Took: time.Since(began), Err: err}
	switch {
	case err != nil:
		e.Result = "error"
	case !result.OK:
		e.Result = string(result.Reason)
	}
	f.guard.tell(ctx, e)
	return result, err
}
