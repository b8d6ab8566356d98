// Package captcha verifies the tokens of third-party CAPTCHA services: reCAPTCHA
// v2, v3 and Enterprise, hCaptcha, Turnstile, Friendly Captcha v1 and v2, ALTCHA
// Sentinel, Cap, mCaptcha, Private Captcha, Yandex SmartCaptcha, GeeTest v4,
// MTCaptcha and Prosopo. Each service is one file. [Services] lists them all, for
// programs that offer every service.
//
// A [Provider] answers in one of three classes, which never mix:
//
//   - a refusal is a [Result] whose OK is false: the visitor's token is bad;
//   - [ErrMisconfigured] is our fault: a wrong secret, a used-up quota;
//   - [ErrUnavailable] is the service's fault: no answer, or one without sense.
//
// Everything that a visitor can cause with an odd token is a refusal. So no visitor
// can make a form use its outage plan.
package captcha

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// ErrMisconfigured reports a mistake on our side: a wrong secret or sitekey, a
// quota that is used up. Deny and alarm; never step down.
var ErrMisconfigured = errors.New("captcha: misconfigured")

// ErrUnavailable reports that the service gave no usable answer.
var ErrUnavailable = errors.New("captcha: service unavailable")

// Reason is a stable code for a refusal.
type Reason string

// Reasons of a refusal.
const (
	ReasonMissing   Reason = "token-missing"   // no token, or a widget's mark for none
	ReasonMalformed Reason = "token-malformed" // too long, or with bytes that no token has
	ReasonRefused   Reason = "token-refused"   // the service refuses it
	ReasonSpent     Reason = "token-spent"     // expired or used before, as the service says
	ReasonHostname  Reason = "hostname-mismatch"
	ReasonAction    Reason = "action-mismatch"
	ReasonCData     Reason = "cdata-mismatch"
	ReasonTooOld    Reason = "token-too-old"
	ReasonScore     Reason = "score-low"
	ReasonTestToken Reason = "test-token" // a public dummy token against real keys
)

// Expect lists the values that a token must be bound to. An empty field is not
// checked, except where the provider's own configuration requires it.
type Expect struct {
	Hosts  []string // hostnames the token may come from, without port
	Action string   // the form's name
	CData  string
}

// Attempt is one token to verify.
type Attempt struct {
	Token  string
	Remote netip.Addr // the visitor's address; the zero Addr is not sent
	Now    time.Time  // the time of the attempt, read once by the caller
	Expect Expect
}

// Result is the answer of a service about a token, after every binding was checked.
// The zero value is a refusal.
type Result struct {
	OK       bool
	Reason   Reason    // of the refusal; empty when OK
	Hostname string    // as the service reported it
	Action   string    // as the service reported it
	Issued   time.Time // challenge_ts, zero when absent
	Risk     float64   // 0 human to 1 bot, for every service
	HasRisk  bool      // Risk was reported; 0 is not the same as no report

	// ID identifies the token in all its spellings. A caller who keeps tokens from
	// being used twice must store the ID instead of the token's text. It is empty if a
	// token has only one spelling.
	ID string
}

// Service holds the public facts about a provider, no secrets.
type Service struct {
	Name     string        // "hcaptcha"; a metrics label
	Field    string        // the form field that its widget fills
	Endpoint string        // the default verify URL
	Script   string        // URL of the widget's script
	Class    string        // class of the widget's element; empty if a class is not enough for the page
	Execute  string        // without an element: the JavaScript object whose execute(sitekey, {action}) makes a token
	MaxToken int           // longest token to send to the service, in bytes
	Life     time.Duration // how long a token can be redeemed
	CSP      []string      // sources its widget needs (script, frame, style, connect)
}

// Provider turns a token into a verified result.
type Provider interface {
	// Service returns the public facts.
	Service() Service
	// Sitekey returns the public key that the widget shows.
	Sitekey() string
	// Validate reports every mistake of the configuration. Public test keys are
	// a mistake unless test is true.
	Validate(test bool) error
	// Verify asks the service. An error wraps ErrMisconfigured or
	// ErrUnavailable, and comes with the zero Result.
	Verify(ctx context.Context, a Attempt) (Result, error)
}
