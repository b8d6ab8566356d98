package palisade

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/hex"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/event"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/signal"
)

// Outcome is the result of a decision. The zero value denies.
type Outcome uint8

const (
	// Deny refuses the attempt.
	Deny Outcome = iota
	// Challenge refuses it for now and says how to go on.
	Challenge
	// Divert shows a bot a success that did not happen (FormConfig.Divert).
	Divert
	// Allow lets it through.
	Allow
)

var outcomeNames = [...]string{"deny", "challenge", "divert", "allow"}

// String returns the name used in logs and metrics.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "invalid"
}

// MarshalText writes the name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// LogValue writes the name.
func (o Outcome) LogValue() slog.Value { return slog.StringValue(o.String()) }

// Reason is a stable code that says why. It goes to logs and metrics, never to
// the visitor.
type Reason = signal.Reason

// Finding is the statement of one signal about an attempt.
type Finding = signal.Finding

// Reasons of a decision. The signals add their own, see package signal, and so do
// the providers, see package captcha, whose reasons begin with "captcha-".
const (
	ReasonClean        Reason = "clean"         // allowed, nothing to say
	ReasonExempt       Reason = "exempt"        // allowed by FormConfig.Exempt
	ReasonUnjudged     Reason = "unjudged"      // the zero Decision
	ReasonUnreadable   Reason = "unreadable"    // the body does not have the type that it declares
	ReasonAmbiguous    Reason = "ambiguous"     // a field that decides was sent twice, or in two places
	ReasonTooLarge     Reason = "too-large"     // the body is over FormConfig.MaxBody
	ReasonUnsupported  Reason = "unsupported"   // a content type or encoding that is not judged
	ReasonCapsule      Reason = "capsule"       // a sealed submission that does not open here, or not for this browser
	ReasonAddress      Reason = "address"       // no client address could be made out
	ReasonSuspicious   Reason = "suspicious"    // the findings together ask for more proof
	ReasonOverLimit    Reason = "over-limit"    // over the ceiling, or over a limit by key
	ReasonAddressLimit Reason = "address-limit" // over a limit of the sender's address, so the hardest step is needed
	ReasonTargetLimit  Reason = "target-limit"  // over a limit that belongs to somebody else
	ReasonNetworkLimit Reason = "network-limit" // over a limit of the sender's network, or of the one that fetched the ticket

	ReasonTicketMissing Reason = "ticket-missing"
	ReasonTicketForged  Reason = "ticket-forged"  // no signature of ours, or for another form or time
	ReasonTicketExpired Reason = "ticket-expired" // the page was open for too long
	ReasonTicketSpent   Reason = "ticket-spent"   // was accepted before
	ReasonTicketTooNew  Reason = "ticket-too-new" // younger than its level asks
	ReasonForgotten     Reason = "forgotten"      // issued before the store's memory begins
	ReasonDuplicate     Reason = "duplicate"      // the very same submission again: a double click

	ReasonSessionMissing Reason = "session-missing"
	ReasonSessionInvalid Reason = "session-invalid" // not ours, too old, or of another browser or network
	ReasonSessionUsedUp  Reason = "session-used-up" // SessionWrites requests were accepted

	ReasonProofMissing Reason = "proof-missing"
	ReasonProofBad     Reason = "proof-bad"    // malformed, forged, expired, or for another ticket
	ReasonProofWrong   Reason = "proof-wrong"  // well signed, but not the work it claims
	ReasonProofWeak    Reason = "proof-weak"   // shows less than is needed by now
	ReasonCaptcha      Reason = "captcha-none" // the visible captcha was not solved
	ReasonUnanswered   Reason = "unanswered"   // the question of a kind of Config.Challenges was not answered

	ReasonStoreDown      Reason = "store-down"
	ReasonBusy           Reason = "busy" // no place to check the proof in time
	ReasonProviderDown   Reason = "provider-down"
	ReasonProviderMisfit Reason = "provider-misconfigured"
)

// Sources of findings about the answer to a challenge.
const (
	fromProof   = "proof"
	fromCaptcha = "captcha"
)

// ID names a decision. The visitor sees it and can quote it.
type ID [5]byte

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns a random ID, for requests that are refused before a judgement.
func NewID() (id ID) { rand.Read(id[:]); return id }

// String returns eight characters without look-alikes (Crockford's base 32).
func (id ID) String() string {
	var text [8]byte
	idText.Encode(text[:], id[:])
	return string(text[:])
}

// MarshalText writes the characters of String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// Visitor stands for a client address in logs. It is a keyed hash of the network that
// limits count (a /64 of IPv6), so that a log shows which decisions are of one visitor
// and holds no address. It changes with Keys.Current.
type Visitor [6]byte

// String returns twelve hexadecimal digits.
func (v Visitor) String() string { return hex.EncodeToString(v[:]) }

// MarshalText writes the digits of String.
func (v Visitor) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Decision is the judgement of one attempt, and the form in which log, audit
// and metrics see it. The zero Decision denies.
type Decision struct {
	event.Sealed `json:"-"`

	ID         ID            `json:"id"`
	Site       string        `json:"site"`
	Form       string        `json:"form"`
	Time       time.Time     `json:"time"`
	Outcome    Outcome       `json:"outcome"`
	Would      Outcome       `json:"would"`               // the outcome without monitor mode
	Monitored  bool          `json:"monitored,omitempty"` // allowed because the form only watches
	Reason     Reason        `json:"reason"`              // why it is, or would be
	Level      uint8         `json:"level"`               // rung that the answer must open, as far as the judgement got
	Score      float64       `json:"score"`               // log-odds of automation, the sum of the weights
	Findings   []Finding     `json:"findings,omitempty"`
	RetryAfter time.Duration `json:"retry_after,omitempty"` // when a limit would let it through
	Visitor    Visitor       `json:"visitor,omitzero"`      // stands for the address
	Err        error         `json:"-"`                     // the outage behind a 503, for the log only

	next    challenge.ID // from which kind of challenge on the visitor is asked
	kind    challenge.ID // that was answered
	judged  bool
	unread  bool        // a session was looked for, and the body left alone
	sub     *Submission // that was judged, so that the answer need not read it again
	visible bool        // a visible step was taken for it, or its solve was carried
	carry   uint8       // how often the solve behind it was carried
}

// submission returns the submission of a request: the judged one, or a new one.
func (d Decision) submission(r *http.Request) *Submission {
	if d.sub != nil && d.sub.request == r {
		return d.sub
	}
	return NewSubmission(r)
}

// retry is the wish for a ticket after a challenge.
func (d Decision) retry() wish {
	return wish{rung: max(challenge.Rung(d.Level), challenge.Visible), from: d.next, flags: ticket.Retry | ticket.Challenged}
}

// isElsewhere reports that a browser names another site as the origin of a submission.
func (f *Form) isElsewhere(s *Submission, d Decision) bool {
	if d.Reason == ReasonExempt { // no signal was asked
		finding, _ := signal.Origin(s.request.Header, f.guard.hostsOf(s.request))
		return finding.Hard
	}
	return slices.ContainsFunc(d.Findings, func(f Finding) bool {
		return f.Reason == signal.ReasonCrossSite || f.Reason == signal.ReasonOriginAmbiguous
	})
}

// Allowed reports whether the protected handler may run.
func (d Decision) Allowed() bool { return d.judged && d.Outcome == Allow }

// Mode says how the form was guarded: "enforce", "session" when a session let the request
// through and its body was not read, "monitor", or "exempt" when nobody judged.
func (d Decision) Mode() string {
	switch {
	case d.Reason == ReasonExempt:
		return "exempt"
	case d.Monitored:
		return "monitor"
	case d.unread && d.Allowed():
		return "session"
	}
	return "enforce"
}

// Status returns the HTTP status that the decision is answered with; 200 when
// allowed. It is the same through every door.
func (d Decision) Status() int {
	if d.Allowed() || d.Outcome == Divert {
		return http.StatusOK
	}
	if d.Outcome == Challenge {
		return http.StatusForbidden
	}
	switch d.Reason {
	case ReasonUnreadable, ReasonAmbiguous, ReasonAddress, ReasonCapsule:
		return http.StatusBadRequest
	case ReasonTooLarge:
		return http.StatusRequestEntityTooLarge
	case ReasonUnsupported:
		return http.StatusUnsupportedMediaType
	case ReasonDuplicate:
		return http.StatusConflict
	case ReasonOverLimit:
		return http.StatusTooManyRequests
	case ReasonStoreDown, ReasonBusy, ReasonProviderDown, ReasonProviderMisfit:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// Name returns "decision", the name of the event.
func (Decision) Name() string { return "decision" }

// Severity is Error for outages, Debug for attempts of which nothing is to be said, and
// Info otherwise: also for allowed ones where a monitored signal found something.
func (d Decision) Severity() slog.Level {
	switch {
	case d.Err != nil:
		return slog.LevelError
	case d.Allowed() && d.Would == Allow:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// LogValue groups the decision for slog. It holds nothing that was typed and no
// clear address.
func (d Decision) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("id", d.ID.String()),
		slog.String("site", d.Site),
		slog.String("form", d.Form),
		slog.String("outcome", d.Outcome.String()),
		slog.String("would", d.Would.String()),
		slog.String("reason", string(d.Reason)),
		slog.String("mode", d.Mode()),
		slog.Int("level", int(d.Level)),
		slog.Float64("score", d.Score),
		slog.String("visitor", d.Visitor.String()),
	}
	for _, f := range d.Findings {
		attrs = append(attrs, slog.Float64("finding."+f.Signal+"."+string(f.Reason), f.Weight))
		if f.Detail != "" {
			attrs = append(attrs, slog.String("detail."+f.Signal, f.Detail))
		}
	}
	if d.Err != nil {
		attrs = append(attrs, slog.String("error", d.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}
