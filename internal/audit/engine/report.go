package engine

import (
	"encoding/base64"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Report is the result of an audit.
type Report struct {
	Target   string    `json:"target"`
	Form     string    `json:"form"` // the URL that the form posts to
	Captcha  string    `json:"captcha"`
	Stack    string    `json:"stack"` // as far as answers show it; "" if they do not
	Began    time.Time `json:"began"`
	Took     float64   `json:"seconds"`
	Seed     uint64    `json:"seed"`
	Requests int       `json:"requests"`
	Bound    int       `json:"bound"` // of requests, as announced
	Baseline string    `json:"baseline"`
	Broken   string    `json:"broken,omitempty"` // the reason if hardly any rule could be decided
	Stopped  string    `json:"stopped,omitempty"`
	Findings []Finding `json:"rules"`
}

// Finding is the result of one rule in a report.
type Finding struct {
	ID       string     `json:"id"`
	Title    string     `json:"title"`
	Status   Status     `json:"status"`
	Severity Severity   `json:"severity"`
	Says     string     `json:"says"`
	Why      string     `json:"why,omitempty"`
	Fix      string     `json:"fix,omitempty"`
	Code     string     `json:"code,omitempty"` // for the stack
	Refs     Refs       `json:"refs"`
	Known    bool       `json:"known,omitempty"` // the finding is in the baseline file
	Evidence []Evidence `json:"evidence,omitempty"`
}

// mostShown is the most bytes of one request or answer in a report.
const mostShown = 3000

// unreached is the reason of a rule that was not decided before the audit was stopped.
const unreached = "not reached: the audit was stopped"

// Unreached returns the rules that were not decided because the audit was stopped.
func (r *Report) Unreached() (ids []string) {
	for _, f := range r.Findings {
		if f.Status == LeftOut && f.Says == unreached {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// Count returns the number of findings with a status, without the known ones.
func (r *Report) Count(status Status) (n int) {
	for _, f := range r.Findings {
		if f.Status == status && !f.Known {
			n++
		}
	}
	return n
}

// Worst returns the severity of the worst new finding, and whether there is one.
func (r *Report) Worst() (worst Severity, found bool) {
	for _, f := range r.Findings {
		if f.Status == Fail && !f.Known {
			worst, found = max(worst, f.Severity), true
		}
	}
	return worst, found
}

// clean removes secrets from a report: the app's secret, which the verifier saw, and the
// given session. It also removes control characters of terminals. Long texts are cut after
// that, so that no half of a secret stays.
func (p *run) clean(report *Report) {
	names := map[string]string{}
	for _, f := range slices.Concat(p.Spec.Cookies, p.Spec.Headers) {
		if len(f.Value) >= 8 {
			names[f.Value] = "[the " + f.Name + " that was given]"
		}
	}
	if p.Middle != nil {
		p.Middle.Calls()
		for secret := range p.Middle.Secrets {
			names[secret] = "[the app's secret]"
		}
	}
	hidden := map[string]string{}
	for secret, name := range names {
		quoted := strings.Trim(string(JSONText(secret)), `"`)
		for _, spelling := range []string{
			secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), quoted, strings.ReplaceAll(quoted, "/", `\/`), base64.StdEncoding.EncodeToString([]byte(secret)),
		} {
			hidden[spelling] = name
		}
	}
	shown := []*string{&report.Form, &report.Target, &report.Broken, &report.Baseline, &report.Stopped}
	for i := range report.Findings {
		f := &report.Findings[i]
		shown = append(shown, &f.Says, &f.Title)
		for k := range f.Evidence {
			e := &f.Evidence[k]
			shown = append(shown, &e.What, &e.Request, &e.Response)
		}
	}
	spellings := slices.SortedFunc(maps.Keys(hidden), func(a, b string) int { return len(b) - len(a) }) // the longest first
	for _, s := range shown {
		for _, spelling := range spellings {
			*s = strings.ReplaceAll(*s, spelling, hidden[spelling])
		}
		*s = Printable([]byte(*s), mostShown)
	}
}
