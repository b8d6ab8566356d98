// Package engine runs rules against a form: it loads pages, makes submissions, simulates the
// verifier, and looks for effects in the app. A rule uses a [Probe] for that, and returns a
// [Result].
package engine

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Severity says how bad a finding is.
type Severity int

// Severities, from a remark, which changes no exit status, to an open form.
const (
	Note Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = []string{"note", "low", "medium", "high", "critical"}

func (s Severity) String() string { return severityNames[s] }

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(severityNames, string(text))
	if i < 0 {
		return fmt.Errorf("%q is none of %s", text, strings.Join(severityNames, ", "))
	}
	*s = Severity(i)
	return nil
}

// Status is the outcome of a rule.
type Status int

// Statuses. The zero value decides nothing.
const (
	Inconclusive Status = iota // the audit could not decide; Says has the reason
	LeftOut                    // the rule does not apply, or the user did not ask for it
	Pass
	Fail
)

var statusNames = []string{"inconclusive", "left out", "passed", "failed"}

func (s Status) String() string { return statusNames[s] }

// MarshalText implements encoding.TextMarshaler.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Status) UnmarshalText(text []byte) error {
	i := slices.Index(statusNames, string(text))
	if i < 0 {
		return fmt.Errorf("%q is no status", text)
	}
	*s = Status(i)
	return nil
}

// Rule is one mistake of the catalogue: a description, and a check that looks for it.
type Rule struct {
	ID       string
	Title    string // the mistake, as a sentence
	Why      string // the harm that an attacker can do
	Severity Severity
	Refs     Refs
	Fix      Remedy

	// Needs are the conditions without which the rule cannot be decided.
	Needs Need
	// After names other rules. Once one of them failed, this rule can show nothing.
	After []string
	// Shots is the most submissions that the rule sends.
	Shots int
	// Root is the rank of a rule about the baseline itself. Such a rule also runs if the app
	// accepts submissions without a token. Root is 0 for every other rule.
	Root int
	// Offline says that the rule reads only settings and needs no page.
	Offline bool
	// Example is a setting with the mistake, for a rule that reads settings.
	Example []Setting
	// Takes reports whether an app with the mistake accepts a request without a token. The
	// tests serve such an app. A mistake that accepts other requests too has its own case in
	// the app of the tests.
	Takes func(r *http.Request) bool
	// Check looks for the mistake.
	Check func(ctx context.Context, p *Probe) Result
}

// Refs are the references that describe the mistake.
type Refs struct {
	CWE  int    `json:"cwe,omitempty"`
	ASVS string `json:"asvs,omitempty"` // OWASP ASVS 5.0.0, comma-separated
	OAT  string `json:"oat,omitempty"`  // OWASP Automated Threats
	WSTG string `json:"wstg,omitempty"`
}

// Need is a set of conditions of a rule.
type Need int

// Conditions.
const (
	Baseline Need = 1 << iota // the app accepts a valid submission and refuses one without a token
	Verifier                  // the app asks the verifier in the middle
	Fresh                     // each token is different
	Own                       // probes can come from addresses of their own
)

// Result is the result of a rule.
type Result struct {
	Title    string // replaces the rule's, if the rule found another mistake
	Why      string // likewise
	Status   Status
	Severity Severity // of a finding
	Says     string
	Evidence []Evidence
}

// Evidence is a request that shows a finding.
type Evidence struct {
	What     string `json:"what"`
	Request  string `json:"request"`
	Response string `json:"response"`
	Effects  int    `json:"effects"`
}

// Passed is the result of a rule if the app refused all attempts.
func Passed(format string, args ...any) Result {
	return Result{Status: Pass, Says: fmt.Sprintf(format, args...)}
}

// Undecided is the result of a rule that could not be decided, with the reason.
func Undecided(format string, args ...any) Result {
	return Result{Says: fmt.Sprintf(format, args...)}
}

// Omitted is the result of a rule that does not apply, with the reason.
func Omitted(format string, args ...any) Result {
	return Result{Status: LeftOut, Says: fmt.Sprintf(format, args...)}
}

// Failed is the result of a rule that found its mistake, with the severity of the rule.
func Failed(o *Outcome, format string, args ...any) Result {
	r := Result{Status: Fail, Severity: -1, Says: fmt.Sprintf(format, args...)}
	if o != nil {
		r.Evidence = []Evidence{o.evidence()}
	}
	return r
}

// Attempt describes one submission that a rule makes.
type Attempt struct {
	What   string      // "a token that was made up", after "The app did it for …"
	Valid  bool        // sends a fresh valid token
	Change func(*Shot) // makes the submission unusual
	AtOnce bool        // submit straight after loading the page; else wait as long as a person takes
	Tidy   bool        // a crash is a finding too, of low severity
	Once   bool        // its token is always the same: an app that remembers tokens accepts it only once
	Visit  *Page
	Fresh  func(*Shot, *Page)   // a change that depends on the page
	Before func(*Middle)        // sets the verifier's answers
	Token  func(*Middle) string // makes the token, if the verifier must know it
}

// Outcome is the result of an attempt.
type Outcome struct {
	Attempt
	Shot    *Shot
	Answer  *Answer
	Effects int
	Calls   int // of the verifier
	Err     error
}

func (o *Outcome) evidence() Evidence {
	e := Evidence{What: o.What, Effects: o.Effects}
	if o.Shot != nil {
		e.Request = Printable(o.Shot.Bytes(), 16*mostShown) // before the report removes secrets
	}
	if o.Answer != nil {
		e.Response = fmt.Sprintf("HTTP %d\n%s\n%s", o.Answer.Status, headerText(o.Answer), Printable(o.Answer.Body, 16*mostShown))
	}
	return e
}

func headerText(a *Answer) string {
	var lines []string
	for _, name := range []string{"Content-Type", "Location", "Retry-After", "Allow"} {
		if v := a.Header.Get(name); v != "" {
			lines = append(lines, name+": "+v+"\n")
		}
	}
	return strings.Join(lines, "")
}

func manifold(severity Severity, says string, outcomes []*Outcome) Result {
	r := Result{Status: Fail, Severity: severity}
	var what []string
	for _, o := range outcomes {
		what = append(what, o.What)
		if len(r.Evidence) < 3 {
			r.Evidence = append(r.Evidence, o.evidence())
		}
	}
	r.Says = says + strings.Join(what, "; ") + "."
	return r
}
