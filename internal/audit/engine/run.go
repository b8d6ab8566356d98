package engine

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Plan is the most that an audit will do. The command prints it before the audit begins.
type Plan struct {
	Target   *url.URL
	Requests int
	Rate     int
	MaxTime  time.Duration
	Rules    []*Rule
}

// String returns the announcement of the audit, on one line.
func (p Plan) String() string {
	rules := "1 rule"
	if len(p.Rules) != 1 {
		rules = fmt.Sprintf("%d rules", len(p.Rules))
	}
	return fmt.Sprintf("%s: %s, at most %d requests, %d a second, for at most %s", p.Target.Redacted(), rules, p.Requests, p.Rate, p.MaxTime)
}

// perShot is the most requests for one submission: the page, the submission, and the oracle
// before and after.
const perShot = 4

// forBaseline is the most requests of the baselines, which ask the oracle again and again.
const forBaseline = 80

// Prepare checks a specification and returns the most that an audit by these rules will do.
func Prepare(spec *Spec, rules []*Rule) (Plan, error) {
	target, err := spec.check(rules)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Target: target, Rate: spec.Rate, MaxTime: spec.MaxTime, Requests: forBaseline + ahead}
	for _, r := range rules {
		if spec.wanted(r) {
			plan.Rules = append(plan.Rules, r)
			plan.Requests += r.Shots * perShot
		}
	}
	plan.Requests += 16 * perShot // the checks in between that the form still works
	return plan, nil
}

// Run audits a form by these rules, in their order. When ctx ends, Run returns shortly
// after, with a report that names the rules left out. The error is about the specification
// alone: for a target that is down, Run returns a report.
func Run(ctx context.Context, spec Spec, rules []*Rule) (*Report, error) {
	plan, err := Prepare(&spec, rules)
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
	p := &run{roots: rootsOf(rules), Probe: newProbe(&spec, plan, &Wire{
		scheme: plan.Target.Scheme, at: reachable(ctx, addresses, PortOf(&reached)), port: PortOf(&reached), patience: spec.Patience, every: time.Second / time.Duration(spec.Rate), left: plan.Requests,
		tls: &tls.Config{ServerName: plan.Target.Hostname(), InsecureSkipVerify: spec.Insecure},
	})}
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
	report.Requests = p.Visitors.Wire.count()
	p.clean(report)
	return report, nil
}

func newProbe(spec *Spec, plan Plan, w *Wire) *Probe {
	if spec.Seed == 0 {
		spec.Seed = rand.Uint64N(1<<32) + 1
	}
	filler := &Filler{spec: spec, target: plan.Target, random: rand.New(rand.NewPCG(spec.Seed, 0x9a115ade))}
	p := &Probe{Spec: spec, Target: plan.Target, Filler: filler, Effects: &Effects{oracle: spec.Oracle}}
	p.Visitors = &Visitors{
		Wire: w, Own: canOwn(w.at[0]), spec: spec, target: plan.Target, filler: filler,
		visits: rand.IntN(addresses), // not from the seed: the app may remember the addresses of an earlier run
	}
	if o, ok := p.Effects.oracle.(*urlOracle); ok && sameServer(o.address, plan.Target) {
		own := *o
		own.get = p.Visitors.getCounted
		p.Effects.oracle = &own
	}
	return p
}

// sameServer reports whether two URLs lead to the same server, by any name of this machine.
func sameServer(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && PortOf(a) == PortOf(b) && (a.Hostname() == b.Hostname() || Loopback(a.Hostname()) && Loopback(b.Hostname()))
}

// run is an audit under way: it applies the rules one after the other.
type run struct {
	*Probe
	roots     []string // rules about the baseline itself, by their rank
	confirmed int      // number of findings that the audit has checked against effects of other users
}

// rootsOf returns the ids of the rules about the baseline itself, by their rank.
func rootsOf(rules []*Rule) (ids []string) {
	roots := slices.DeleteFunc(slices.Clone(rules), func(r *Rule) bool { return r.Root == 0 })
	slices.SortFunc(roots, func(a, b *Rule) int { return a.Root - b.Root })
	for _, r := range roots {
		ids = append(ids, r.ID)
	}
	return ids
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// begin loads the page and makes the baselines. The error is the reason why hardly any rule
// can be decided.
func (p *run) begin(ctx context.Context, report *Report) error {
	pg, err := p.Visitors.Fetch(ctx, p.Target, p.Visitors.Address(), nil)
	if err != nil {
		return p.unreachable(err)
	}
	p.First = pg
	report.Stack = cmp.Or(p.Spec.Stack, stackOf(pg))
	if err := p.Filler.choose(pg); err != nil {
		return err
	}
	p.Home = p.Filler.actionOf(pg, pg.Form)
	if p.Home.Host != p.Target.Host {
		return fmt.Errorf("the form posts to another host, %s: audit that one", p.Home.Host)
	}
	report.Form = "POST " + p.Home.EscapedPath()
	if p.Source, err = p.sourceOf(pg); err != nil {
		report.Captcha = p.Service
		return err
	}
	report.Captcha = p.Service
	if p.Effects.oracle == nil {
		return errors.New("nothing says how an effect is seen, and an answer's status proves nothing: give -effect, such as the URL of a count")
	}
	if err := p.Effects.alone(ctx, 300*time.Millisecond); err != nil {
		return err
	}
	if report.Baseline, err = p.baseline(ctx); err != nil {
		return p.unreachable(err)
	}
	for range 2 { // one effect may come from another user, and one error from a server before the app
		p.Refused = p.Try(ctx, Attempt{What: "a submission without a token"})
		if p.Refused.Err != nil {
			return p.Refused.Err
		}
		if p.Refused.Effects == 0 && p.Refused.Answer.Status < 500 {
			break
		}
	}
	report.Baseline += fmt.Sprintf("; without a token refused with %d", p.Refused.Answer.Status)
	if p.Refused.Effects > 0 {
		report.Baseline = "accepted with a valid token, and without one as well"
	}
	return nil
}

func (p *run) unreachable(err error) error {
	if errors.Is(err, errOracle) {
		return err
	}
	if errors.Is(err, ErrSilent) || errors.Is(err, ErrClosed) || strings.Contains(err.Error(), "connect") || strings.Contains(err.Error(), "tls:") || strings.Contains(err.Error(), "x509") {
		return fmt.Errorf("%s cannot be reached: %w", p.Target.Redacted(), err)
	}
	return err
}

// judge runs the rules in the order of the catalogue.
func (p *run) judge(ctx context.Context, plan Plan, report *Report, broken error) {
	if broken != nil {
		report.Broken = broken.Error()
	}
	failed := map[string]bool{}
	group := 0 // index of the group's first finding
	for i, r := range plan.Rules {
		if p.Spec.Progress != nil {
			p.Spec.Progress(i, len(plan.Rules), r)
		}
		if i > 0 && plan.Rules[i-1].ID[0] != r.ID[0] {
			p.stillWorks(ctx, report.Findings[group:])
			group = len(report.Findings)
		}
		result := p.apply(ctx, r, broken, failed)
		if report.Stopped == "" && p.Visitors.Wire.gone() {
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
	if p.Refused != nil && p.Refused.Effects > 0 && len(failed) == 0 && ctx.Err() == nil {
		report.Broken = cmp.Or(report.Broken, "the form is accepted without a token, and the rule that tells so, "+p.roots[0]+", was not asked for: nothing can be learned from the others before that is mended")
	}
	if p.Spec.Progress != nil {
		p.Spec.Progress(len(plan.Rules), len(plan.Rules), nil)
	}
}

func (p *run) finding(r *Rule, result Result, stack string) Finding {
	f := Finding{
		ID: r.ID, Title: cmp.Or(result.Title, r.Title), Status: result.Status, Severity: result.Severity, Says: result.Says, Refs: r.Refs, Evidence: result.Evidence,
	}
	if result.Status == Fail {
		f.Why, f.Fix, f.Code = cmp.Or(result.Why, r.Why), r.Fix.Text, r.Fix.Code[stack]
	}
	return f
}

// apply decides one rule, if its conditions hold.
func (p *run) apply(ctx context.Context, r *Rule, broken error, failed map[string]bool) Result {
	switch {
	case ctx.Err() != nil, p.Visitors.Wire.gone():
		return Omitted(unreached)
	case broken != nil && (r.Needs&Baseline != 0 || p.Home == nil && !r.Offline):
		return Undecided("%s", firstLine(broken.Error()))
	}
	for _, root := range r.After {
		if failed[root] {
			return Omitted("nothing can be learned here before %s is mended", root)
		}
	}
	if r.Needs&Baseline != 0 && p.Refused.Effects > 0 && r.Root == 0 {
		return Omitted("nothing can be learned here before %s is mended: the form does it without a token", p.rootOf(failed))
	}
	switch {
	case r.Needs&Verifier != 0 && p.Service == "palisade":
		return Omitted("the captcha is verified in the app itself, or in the gateway before it: there is no call to be in the middle of")
	case r.Needs&Verifier != 0 && p.Middle == nil:
		return Omitted("needs the verifier in the middle: let the app's verify URL point to this audit (-verifier)")
	case r.Needs&Fresh != 0 && p.Source.constant():
		return Omitted("needs tokens that differ, and every token of a test key is the same: use the verifier in the middle (-verifier)")
	case r.Needs&Own != 0 && !p.Visitors.Own:
		return Omitted("needs requests from addresses of their own, which only a loopback target allows")
	}
	if p.Middle != nil {
		p.Middle.Reset()
		defer p.Middle.Reset()
	}
	result := p.check(ctx, r)
	if (ctx.Err() != nil || p.Visitors.Wire.gone()) && result.Status != Fail {
		return Omitted(unreached)
	}
	return result
}

// check runs a rule. A finding counts only if no effects come while the audit is silent: an
// effect of another user is not a mistake of the app.
func (p *run) check(ctx context.Context, r *Rule) (result Result) {
	defer func() {
		if why := recover(); why != nil { // a panic in a rule costs this rule, not the report
			result = Undecided("this rule has a fault, please report it: %v", why)
		}
	}()
	result = r.Check(ctx, p.Probe)
	if result.Status == Fail && p.confirmed < 8 && slices.ContainsFunc(result.Evidence, func(e Evidence) bool { return e.Effects > 0 }) {
		p.confirmed++
		if err := p.Effects.alone(ctx, time.Second); err != nil {
			return Undecided("%v", err)
		}
	}
	return result
}

// rootOf returns the rule about the baseline that failed, or the first of them.
func (p *run) rootOf(failed map[string]bool) string {
	for _, id := range p.roots {
		if failed[id] {
			return id
		}
	}
	return p.roots[0]
}

// stillWorks makes sure that the form still accepts a valid submission. If it does not,
// earlier refusals may have that cause alone.
func (p *run) stillWorks(ctx context.Context, findings []Finding) {
	if p.Accepted == nil || ctx.Err() != nil || !slices.ContainsFunc(findings, func(f Finding) bool { return f.Status == Pass }) {
		return
	}
	o := p.Try(ctx, Attempt{What: "a valid submission", Valid: true})
	if o.Err == nil && o.Effects > 0 || ctx.Err() != nil {
		return
	}
	why := fmt.Sprintf("what was sent was refused, but a valid submission after it was as well (%v)", cmp.Or(o.Err, errors.New("it had no effect")))
	if p.Visitors.Wire.gone() {
		why = "the app was gone before it was sure that it refused this and not everything"
	}
	for i := range findings {
		if f := &findings[i]; f.Status == Pass {
			f.Status, f.Says = Inconclusive, why
		}
	}
}
