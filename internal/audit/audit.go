package audit

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Report is what an audit found.
type Report struct {
	Target   string    `json:"target"`
	Form     string    `json:"form"` // what is posted to
	Captcha  string    `json:"captcha"`
	Stack    string    `json:"stack"` // as far as it shows; "" if it does not
	Began    time.Time `json:"began"`
	Took     float64   `json:"seconds"`
	Seed     uint64    `json:"seed"`
	Requests int       `json:"requests"`
	Bound    int       `json:"bound"` // of requests, as announced
	Baseline string    `json:"baseline"`
	Broken   string    `json:"broken,omitempty"` // why hardly anything could be decided
	Stopped  string    `json:"stopped,omitempty"`
	Findings []Finding `json:"rules"`
}

// Finding is what became of one rule.
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
	Known    bool       `json:"known,omitempty"` // it stands in the baseline file
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Plan says what an audit will do at most, to be told before it begins.
type Plan struct {
	Target   *url.URL
	Requests int
	Rate     int
	MaxTime  time.Duration
	Rules    []*Rule
}

func (p Plan) String() string {
	rules := "1 rule"
	if len(p.Rules) != 1 {
		rules = fmt.Sprintf("%d rules", len(p.Rules))
	}
	return fmt.Sprintf("%s: %s, at most %d requests, %d a second, for at most %s", p.Target.Redacted(), rules, p.Requests, p.Rate, p.MaxTime)
}

// perShot is the most requests of one submission: the page, what it sends, and the
// oracle before and after.
const perShot = 4

// forBaseline is the most requests of the baselines, with the oracle asked again and
// again.
const forBaseline = 80

// Prepare checks a specification and says what the audit will do at most.
func Prepare(spec *Spec) (Plan, error) {
	target, err := spec.check()
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Target: target, Rate: spec.Rate, MaxTime: spec.MaxTime, Requests: forBaseline + ahead}
	for _, r := range catalogue {
		if spec.wanted(r) {
			plan.Rules = append(plan.Rules, r)
			plan.Requests += r.Shots * perShot
		}
	}
	plan.Requests += 16 * perShot // the looks in between whether the form still works
	return plan, nil
}

// Run audits. It ends within a moment when ctx does, with a report of what was left
// out. The error is about the specification alone: a target that is down is a report.
func Run(ctx context.Context, spec Spec) (*Report, error) {
	plan, err := Prepare(&spec)
	if err != nil {
		return nil, err
	}
	reached := *plan.Target
	if spec.Connect != "" {
		reached.Host = spec.Connect
	}
	addresses, err := Consent(ctx, spec.Resolver, &reached, spec.Proof)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, spec.MaxTime)
	defer cancel()
	p := newProbe(&spec, plan, &wire{
		scheme: plan.Target.Scheme, at: reachable(ctx, addresses, portOf(&reached)), port: portOf(&reached), patience: spec.Patience, every: time.Second / time.Duration(spec.Rate), left: plan.Requests,
		tls: &tls.Config{ServerName: plan.Target.Hostname(), InsecureSkipVerify: spec.Insecure},
	})
	report := &Report{Target: plan.Target.Redacted(), Began: time.Now().UTC().Truncate(time.Second), Seed: spec.Seed, Bound: plan.Requests}
	began := time.Now()
	broken := p.begin(bounded, report)
	p.judge(bounded, plan, report, broken)
	switch {
	case ctx.Err() != nil:
		report.Stopped = "it was interrupted"
	case bounded.Err() != nil:
		report.Stopped = fmt.Sprintf("the %s that were announced are over", spec.MaxTime)
	}
	report.Took = time.Since(began).Seconds()
	report.Requests = p.wire.count()
	p.clean(report)
	return report, nil
}

func newProbe(spec *Spec, plan Plan, w *wire) *Probe {
	if spec.Seed == 0 {
		spec.Seed = rand.Uint64N(1<<32) + 1
	}
	p := &Probe{
		spec: spec, target: plan.Target, oracle: spec.Oracle, own: canOwn(w.at[0]), wire: w,
		random: rand.New(rand.NewPCG(spec.Seed, 0x9a115ade)),
		visits: rand.IntN(addresses), // whatever the seed: the app may remember those of the run before
	}
	if o, ok := p.oracle.(*urlOracle); ok && sameServer(o.address, plan.Target) {
		own := *o
		own.get = p.getCounted
		p.oracle = &own
	}
	return p
}

// sameServer reports whether two URLs lead to the same server, under whatever names of
// this machine.
func sameServer(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && portOf(a) == portOf(b) && (a.Hostname() == b.Hostname() || loopback(a.Hostname()) && loopback(b.Hostname()))
}

// getCounted reads a page of the target for the oracle.
func (p *Probe) getCounted(ctx context.Context, u *url.URL) ([]byte, error) {
	s := &Shot{Method: "GET", Target: u.RequestURI(), Host: u.Host, From: p.address(), Cookies: map[string]string{}}
	for _, c := range p.spec.Cookies {
		s.Cookies[c.Name] = c.Value
	}
	p.give(s)
	a, err := p.fire(ctx, s)
	if err != nil {
		return nil, err
	}
	if a.Status != 200 {
		return nil, fmt.Errorf("answered %d", a.Status)
	}
	return a.Body, nil
}

// begin looks at the page and makes the baselines. The error says why hardly a rule
// can be decided.
func (p *Probe) begin(ctx context.Context, report *Report) error {
	pg, err := p.fetch(ctx, p.target, p.address(), nil)
	if err != nil {
		return p.unreachable(err)
	}
	p.first = pg
	report.Stack = cmp.Or(p.spec.Stack, stackOf(pg))
	if err := p.choose(pg); err != nil {
		return err
	}
	p.home = p.actionOf(pg, pg.form)
	if p.home.Host != p.target.Host {
		return fmt.Errorf("the form posts to another host, %s: audit that one", p.home.Host)
	}
	report.Form = "POST " + p.home.EscapedPath()
	if p.source, err = p.sourceOf(pg); err != nil {
		report.Captcha = p.service
		return err
	}
	report.Captcha = p.service
	if p.oracle == nil {
		return errors.New("nothing says how an effect is seen, and an answer's status proves nothing: give -effect, such as the URL of a count")
	}
	if err := p.alone(ctx, 300*time.Millisecond); err != nil {
		return err
	}
	if report.Baseline, err = p.baseline(ctx); err != nil {
		return p.unreachable(err)
	}
	for range 2 { // one effect may be somebody else's
		p.refused = p.try(ctx, Attempt{What: "a submission without a token"})
		if p.refused.Err != nil {
			return p.refused.Err
		}
		if p.refused.Effects == 0 {
			break
		}
	}
	report.Baseline += fmt.Sprintf("; without a token refused with %d", p.refused.Answer.Status)
	if p.refused.Effects > 0 {
		report.Baseline = "accepted with a valid token, and without one as well"
	}
	return nil
}

// alone makes sure that nothing happens while nothing is sent: what others do in the
// meantime would be taken for the effect of a probe.
func (p *Probe) alone(ctx context.Context, watch time.Duration) error {
	if p.readsBack() {
		return nil // it tells one's own from others'
	}
	before, err := p.mark(ctx)
	if err == nil {
		var n int
		if n, err = p.since(ctx, before, nil, watch); err == nil && n != 0 {
			return fmt.Errorf("the effects rose by %d while nothing was sent: the app must be this audit's alone", n)
		}
	}
	return err
}

func (p *Probe) unreachable(err error) error {
	if errors.Is(err, errOracle) {
		return err
	}
	if errors.Is(err, errSilent) || errors.Is(err, errClosed) || strings.Contains(err.Error(), "connect") || strings.Contains(err.Error(), "tls:") || strings.Contains(err.Error(), "x509") {
		return fmt.Errorf("%s cannot be reached: %w", p.target.Redacted(), err)
	}
	return err
}

// judge runs the rules in the order of the catalogue.
func (p *Probe) judge(ctx context.Context, plan Plan, report *Report, broken error) {
	if broken != nil {
		report.Broken = broken.Error()
	}
	failed := map[string]bool{}
	group := 0 // where the findings of the group begin
	for i, r := range plan.Rules {
		if p.spec.Progress != nil {
			p.spec.Progress(i, len(plan.Rules), r)
		}
		if i > 0 && plan.Rules[i-1].ID[0] != r.ID[0] {
			p.stillWorks(ctx, report.Findings[group:])
			group = len(report.Findings)
		}
		result := p.apply(ctx, r, broken, failed)
		if report.Stopped == "" && p.wire.gone() {
			report.Stopped = fmt.Sprintf("the app took no connections any more during %s, after %.0f s", r.ID, time.Since(report.Began).Seconds())
		}
		if result.Status == Fail {
			failed[r.ID] = true
			if result.Severity < 0 {
				result.Severity = r.Severity
			}
		} else {
			result.Severity = r.Severity
		}
		report.Findings = append(report.Findings, p.finding(r, result, report.Stack))
	}
	p.stillWorks(ctx, report.Findings[group:])
	if p.refused != nil && p.refused.Effects > 0 && len(failed) == 0 && ctx.Err() == nil {
		report.Broken = cmp.Or(report.Broken, "the form is accepted without a token, and the rule that tells so, A01, was not asked for: nothing can be learned from the others before that is mended")
	}
	if p.spec.Progress != nil {
		p.spec.Progress(len(plan.Rules), len(plan.Rules), nil)
	}
}

func (p *Probe) finding(r *Rule, result Result, stack string) Finding {
	f := Finding{
		ID: r.ID, Title: cmp.Or(result.Title, r.Title), Status: result.Status, Severity: result.Severity, Says: result.Says, Refs: r.Refs, Evidence: result.Evidence,
	}
	if result.Status == Fail {
		f.Why, f.Fix, f.Code = cmp.Or(result.Why, r.Why), r.Fix.Text, r.Fix.Code[stack]
	}
	return f
}

// apply decides one rule, as far as its conditions are there.
func (p *Probe) apply(ctx context.Context, r *Rule, broken error, failed map[string]bool) Result {
	switch {
	case ctx.Err() != nil, p.wire.gone():
		return leftOut(unreached)
	case broken != nil && (r.Needs&Baseline != 0 || p.home == nil && !strings.HasPrefix(r.ID, "H")): // H reads settings alone
		return unclear("%s", firstLine(broken.Error()))
	}
	for _, root := range r.After {
		if failed[root] {
			return leftOut("nothing can be learned here before %s is mended", root)
		}
	}
	if r.Needs&Baseline != 0 && p.refused.Effects > 0 && !slices.Contains(roots, r.ID) {
		return leftOut("nothing can be learned here before %s is mended: the form does it without a token", rootOf(failed))
	}
	switch {
	case r.Needs&Verifier != 0 && p.service == "palisade":
		return leftOut("the captcha is verified in the app itself, or in the gateway before it: there is no call to be in the middle of")
	case r.Needs&Verifier != 0 && p.middle == nil:
		return leftOut("needs the verifier in the middle: let the app's verify URL point to this audit (-verifier)")
	case r.Needs&Fresh != 0 && p.source.constant():
		return leftOut("needs tokens that differ, and every token of a test key is the same: use the verifier in the middle (-verifier)")
	case r.Needs&Own != 0 && !p.own:
		return leftOut("needs requests from addresses of their own, which only a loopback target allows")
	}
	if p.middle != nil {
		p.middle.reset()
		defer p.middle.reset()
	}
	result := p.check(ctx, r)
	if (ctx.Err() != nil || p.wire.gone()) && result.Status != Fail {
		return leftOut(unreached)
	}
	return result
}

// check runs a rule. What it found counts only if nothing happens by itself: an effect
// of somebody else's is not the app's mistake.
func (p *Probe) check(ctx context.Context, r *Rule) (result Result) {
	defer func() {
		if why := recover(); why != nil { // a fault of ours costs one rule, not the report
			result = unclear("this rule has a fault, please report it: %v", why)
		}
	}()
	result = r.check(ctx, p)
	if result.Status == Fail && p.confirmed < 8 && slices.ContainsFunc(result.Evidence, func(e Evidence) bool { return e.Effects > 0 }) {
		p.confirmed++
		if err := p.alone(ctx, time.Second); err != nil {
			return unclear("%v", err)
		}
	}
	return result
}

// roots are the rules that are about the baseline itself.
var roots = []string{"A01", "A12", "A04", "A06"}

func rootOf(failed map[string]bool) string {
	for _, id := range roots {
		if failed[id] {
			return id
		}
	}
	return "A01"
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// stillWorks makes sure that the form still takes a valid submission: otherwise what
// was refused may have been refused for that reason alone.
func (p *Probe) stillWorks(ctx context.Context, findings []Finding) {
	if p.done == nil || ctx.Err() != nil || !slices.ContainsFunc(findings, func(f Finding) bool { return f.Status == Pass }) {
		return
	}
	o := p.try(ctx, Attempt{What: "a valid submission", Valid: true})
	if o.Err == nil && o.Effects > 0 || ctx.Err() != nil {
		return
	}
	why := fmt.Sprintf("what was sent was refused, but a valid submission after it was as well (%v)", cmp.Or(o.Err, errors.New("it had no effect")))
	if p.wire.gone() {
		why = "the app was gone before it was sure that it refused this and not everything"
	}
	for i := range findings {
		if f := &findings[i]; f.Status == Pass {
			f.Status, f.Says = Inconclusive, why
		}
	}
}

// mostShown bounds what a report shows of one request or answer.
const mostShown = 3000

// clean takes out of a report what it must not tell, the app's secret, which the
// verifier saw, and the session that was given; and what a terminal would obey. What is
// long is cut only now, so that no half of a secret stays.
func (p *Probe) clean(report *Report) {
	names := map[string]string{}
	for _, f := range slices.Concat(p.spec.Cookies, p.spec.Headers) {
		if len(f.Value) >= 8 {
			names[f.Value] = "[the " + f.Name + " that was given]"
		}
	}
	if p.middle != nil {
		p.middle.calls()
		for secret := range p.middle.secrets {
			names[secret] = "[the app's secret]"
		}
	}
	hidden := map[string]string{}
	for secret, name := range names {
		quoted := strings.Trim(string(jsonText(secret)), `"`)
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
		*s = text([]byte(*s), mostShown)
	}
}

// unreached is what a rule says that was not decided before the audit was stopped.
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

// Count returns how many findings have a status, those left out that are known.
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
