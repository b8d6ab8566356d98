// Package challenge holds the kinds of challenge that a visitor can be asked for before a
// submission is accepted. A ladder says which kind is asked when.
//
// A kind is a value. A new kind is a folder with a function that returns it, and one line
// where the ladder of a form is built. Config.Challenges of the root package takes the
// kinds of a program.
package challenge

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/netip"
	"regexp"
	"time"

	"github.com/palisade-dev/palisade/signal"
)

// ErrUnavailable reports that the answer cannot be checked now, because somebody who is
// asked about it is out of reach. The next kind of the ladder stands in. Any other error
// of Kind.Check is a mistake of ours, and nothing stands in.
var ErrUnavailable = errors.New("challenge: out of reach")

// ID stands for a kind in tickets. Each kind says its own, and no other kind ever gets it.
// The kinds of this module have IDs below [FirstOwn], the kinds of a program from it on. A
// ladder refuses two kinds with one ID.
type ID uint8

// FirstOwn is the first ID of a program's own kinds.
const FirstOwn ID = 64

// Work says how much embedded proof of work goes with a kind.
type Work uint8

const (
	// NoWork asks for no proof, so that the visitor needs no JavaScript. It is the zero value.
	NoWork Work = iota
	// LightWork is done in the background while the form is filled.
	LightWork
	// VisibleWork is the visible step.
	VisibleWork
	// HardWork is the most.
	HardWork
)

// Level returns the level of package pow. There is none for NoWork.
func (w Work) Level() uint8 { return uint8(w) - 1 }

// Kind is one thing that a visitor can be asked for. The embedded proof answers a kind
// without Check. A kind with Check takes an answer in Field as well.
type Kind struct {
	Name string // lower case; in offers, logs and metrics
	ID   ID     // in tickets
	Rung Rung   // an answer opens this rung and those below; a visitor without a ticket needs Hard
	Work Work   // the embedded proof that is asked for as well; it needs JavaScript

	// Field is the form field, or the member of a JSON object, in which the answer comes.
	Field string
	// Issue makes the prompt for the visitor. An error means that nobody can be asked
	// now.
	Issue func(context.Context, Ask) (Prompt, error)
	// Check judges an answer, which is not empty. It is called once for a ticket. The
	// ticket is used up by then, so after a wrong answer the visitor needs a new one, and
	// the attempt counts in every limit.
	Check func(ctx context.Context, ask Ask, answer string) (Result, error)
	// Token says that answers are tokens that somebody else made. A token is remembered
	// after its check, so that none is good for two tickets.
	Token bool
	// Service names the service that Check asks. Kinds of the same service fail together.
	// Empty: Check asks nobody.
	Service string
	// Down reports that Check is known to be out of reach. Nil: it never is.
	Down func() bool
	// StandIn marks the kind that stands in for kinds that are out of reach. An attempt
	// under it counts double in every limit.
	StandIn bool
}

func (k *Kind) asksSame(other *Kind) bool { return k.Service != "" && k.Service == other.Service }

// Ask is one challenge under one ticket.
type Ask struct {
	Form   string
	Seed   [16]byte   // a secret of this ticket and kind, the same when it is issued and checked
	Now    time.Time  // read once an attempt
	Remote netip.Addr // the visitor's
	Hosts  []string   // names of the site, without ports
	Lang   string     // the visitor's, as web.Lang gives it; when issuing
}

// Prompt is the question to the visitor, besides the embedded proof.
type Prompt struct {
	Data   any           // for programs, as JSON; nil: nothing
	HTML   template.HTML // for pages, inside the form; it has the field of the answer
	Widget *Widget       // of a service, instead of both
}

// Widget is the captcha of a service, as pages and programs show it.
type Widget struct {
	Service string `json:"service"`
	Sitekey string `json:"sitekey"` // the public key
	Field   string `json:"field"`   // where its token goes
	Action  string `json:"action"`  // the binding of the token
	Script  string `json:"script"`  // URL
	Class   string `json:"class"`   // of its element
	// Execute names the JavaScript object whose execute(sitekey, {action}) makes the
	// token when the form is sent, where there is no element to be solved.
	Execute string   `json:"execute,omitempty"`
	Sources []string `json:"-"` // that a Content Security Policy must allow
}

// Result is the result of a check. The zero Result refuses.
type Result struct {
	OK     bool
	Reason signal.Reason // why not
	ID     string        // identity of the token, independent of its spelling; empty: its text
	Life   time.Duration // of the token: for how long it is remembered
}

var (
	validName  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	validField = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
)

// Validate reports every mistake of a kind.
func (k *Kind) Validate() error {
	var errs []error
	if !validName.MatchString(k.Name) {
		errs = append(errs, fmt.Errorf("Name %q must be 1 to 32 lower-case letters, digits or -", k.Name))
	}
	if (k.Check == nil) != (k.Issue == nil) || (k.Check == nil) != (k.Field == "") {
		errs = append(errs, errors.New("Field, Issue and Check go together"))
	}
	if k.Field != "" && !validField.MatchString(k.Field) {
		errs = append(errs, fmt.Errorf("Field %q must be 1 to 64 letters, digits, - or _, and begin with a letter", k.Field))
	}
	if k.Check == nil && k.Work == NoWork {
		errs = append(errs, errors.New("neither Check nor Work is set, so everything would be an answer"))
	}
	if k.Work > HardWork {
		errs = append(errs, errors.New("Work must be NoWork, LightWork, VisibleWork or HardWork"))
	}
	if k.Rung > Highest {
		errs = append(errs, fmt.Errorf("Rung is %d; the highest is %d", k.Rung, Highest))
	}
	return errors.Join(errs...)
}
