// Package event holds the things that happen behind protected forms, as values of a closed
// set of types. The library, the gateway and the verification service tell one [Sink]; log,
// metrics and traces hang on it.
//
// The set: palisade.Decision, [Ticket], [ChallengeShown], [ChallengePassed],
// [ProviderCall], [StoreTrip], [Limit], [Verification], [Configuration]. No event holds an
// address or anything that a visitor typed.
package event

import (
	"context"
	"log/slog"
	"time"
)

// Sink is told of each event, in the goroutine that causes it. It must not block. The nil
// Sink listens to nothing.
type Sink func(context.Context, Event)

// Tell tells a sink, if there is one.
func (s Sink) Tell(ctx context.Context, e Event) {
	if s != nil {
		s(ctx, e)
	}
}

// Event is one of the types of the set.
type Event interface {
	// Name returns the name of the type, such as "ticket".
	Name() string
	// Severity returns the level at which a log shows the event.
	Severity() slog.Level

	sealed()
}

// Sealed makes a type of this module one of the set.
type Sealed struct{}

func (Sealed) sealed() {}

// Log writes an event: "palisade" and its name as the message, the event as one attribute
// of that name.
func Log(ctx context.Context, logger *slog.Logger, e Event) {
	if level := e.Severity(); logger.Enabled(ctx, level) {
		logger.LogAttrs(ctx, level, "palisade "+e.Name(), slog.Any(e.Name(), e))
	}
}

// Form says where an event happened.
type Form struct {
	Site string // as in Config.Site; the public key of a site of the verification service
	Form string // its name
}

func (f Form) group(more ...slog.Attr) slog.Value {
	return slog.GroupValue(append([]slog.Attr{slog.String("site", f.Site), slog.String("form", f.Form)}, more...)...)
}

// Ticket says that a ticket was minted, or with an error, that none could be.
type Ticket struct {
	Sealed
	Form
	Kind      string // of challenge
	Level     uint8  // the rung that the answer must open
	Escalated bool   // a budget of the visitor or the network was used up: the level is higher than was wanted
	Shared    bool   // its puzzle is the network's
	Err       error
}

// ChallengeShown says that a visitor was asked for a step. Compare the numbers of this
// event and of [ChallengePassed]: the difference is the visitors who gave up.
type ChallengeShown struct {
	Sealed
	Form
	Kind     string
	Level    uint8
	Decision string // id of the decision that asks
}

// ChallengePassed says that an attempt was allowed whose ticket came with a challenge.
type ChallengePassed struct {
	Sealed
	Form
	Kind  string
	Level uint8
	Took  time.Duration // from the challenge to the submission
}

// ProviderCall says what a third-party captcha answered.
type ProviderCall struct {
	Sealed
	Form
	Kind   string // name of the service
	Result string // "ok", a reason, or "error"
	Took   time.Duration
	Err    error
}

// StoreTrip says what the store answered to a judgement.
type StoreTrip struct {
	Sealed
	Form
	Claims, Takes int
	Result        string // status of the trip, or "error"
	Took          time.Duration
	Err           error
}

// Limit says that a limit was reached.
type Limit struct {
	Sealed
	Form
	By   string // the criterion of the limit, such as "ip"
	Soft bool   // the visitor is asked for a step; otherwise the attempt is refused
}

// Verification says what the verification service answered a backend.
type Verification struct {
	Sealed
	Site    string // its public key; empty when the secret was none
	Dialect string // of siteverify
	OK      bool
	Why     string // why not, such as "expired or used"
	Detail  string // of a failure
}

// Configuration says that a configuration was read again, or with an error, why it was not
// taken.
type Configuration struct {
	Sealed
	Err error
}

func (Ticket) Name() string          { return "ticket" }
func (ChallengeShown) Name() string  { return "challenge-shown" }
func (ChallengePassed) Name() string { return "challenge-passed" }
func (ProviderCall) Name() string    { return "provider-call" }
func (StoreTrip) Name() string       { return "store-trip" }
func (Limit) Name() string           { return "limit" }
func (Verification) Name() string    { return "siteverify" }
func (Configuration) Name() string   { return "configuration" }

// Severity is Error when there is no ticket: nobody can be asked for a step.
func (e Ticket) Severity() slog.Level { return unless(e.Err, slog.LevelDebug) }

// Severity is Debug: the decision that asks is at Info.
func (ChallengeShown) Severity() slog.Level { return slog.LevelDebug }

// Severity is Debug.
func (ChallengePassed) Severity() slog.Level { return slog.LevelDebug }

// Severity is Debug: an outage is in the decision, at Error.
func (ProviderCall) Severity() slog.Level { return slog.LevelDebug }

// Severity is Debug: an outage is in the decision, at Error.
func (StoreTrip) Severity() slog.Level { return slog.LevelDebug }

// Severity is Debug: the decision is at Info.
func (Limit) Severity() slog.Level { return slog.LevelDebug }

// Severity is Info for refusals and Debug otherwise.
func (e Verification) Severity() slog.Level {
	if e.OK {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// Severity is Info, or Error when the configuration was not taken.
func (e Configuration) Severity() slog.Level { return unless(e.Err, slog.LevelInfo) }

func unless(err error, level slog.Level) slog.Level {
	if err != nil {
		return slog.LevelError
	}
	return level
}

// LogValue groups the event.
func (e Ticket) LogValue() slog.Value {
	return e.group(slog.String("kind", e.Kind), slog.Int("level", int(e.Level)),
		slog.Bool("escalated", e.Escalated), slog.Bool("shared", e.Shared), errAttr(e.Err))
}

// LogValue groups the event.
func (e ChallengeShown) LogValue() slog.Value {
	return e.group(slog.String("kind", e.Kind), slog.Int("level", int(e.Level)), slog.String("id", e.Decision))
}

// LogValue groups the event.
func (e ChallengePassed) LogValue() slog.Value {
	return e.group(slog.String("kind", e.Kind), slog.Int("level", int(e.Level)), slog.Duration("took", e.Took))
}

// LogValue groups the event.
func (e ProviderCall) LogValue() slog.Value {
	return e.group(slog.String("kind", e.Kind), slog.String("result", e.Result), slog.Duration("took", e.Took), errAttr(e.Err))
}

// LogValue groups the event.
func (e StoreTrip) LogValue() slog.Value {
	return e.group(slog.Int("claims", e.Claims), slog.Int("takes", e.Takes),
		slog.String("result", e.Result), slog.Duration("took", e.Took), errAttr(e.Err))
}

// LogValue groups the event.
func (e Limit) LogValue() slog.Value {
	return e.group(slog.String("by", e.By), slog.Bool("soft", e.Soft))
}

// LogValue groups the event.
func (e Verification) LogValue() slog.Value {
	return slog.GroupValue(slog.String("site", e.Site), slog.String("dialect", e.Dialect), slog.Bool("ok", e.OK),
		slog.String("why", e.Why), slog.String("detail", e.Detail))
}

// LogValue groups the event.
func (e Configuration) LogValue() slog.Value { return slog.GroupValue(errAttr(e.Err)) }

// errAttr is left out of a log where there is no error.
func errAttr(err error) slog.Attr {
	if err == nil {
		return slog.Attr{}
	}
	return slog.String("error", err.Error())
}
