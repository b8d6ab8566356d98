package engine

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Probe makes the attempts of rules: it loads a page, fills the form in, sends it, and asks
// the oracle for effects in the app.
type Probe struct {
	Spec     *Spec
	Target   *url.URL
	Visitors *Visitors
	Filler   *Filler
	Effects  *Effects

	Service string  // the service of the page's captcha
	Source  Source  // source of valid tokens
	Middle  *Middle // the verifier in the middle, or nil

	First    *Page      // the page at the first visit
	Home     *url.URL   // the URL that the form posts to
	Seen     []*Outcome // all attempts so far
	Accepted *Outcome   // the accepted submission of the baseline
	Refused  *Outcome   // the refused one, without a token
	limit    *LimitFound
	cleared  *clearanceFound
	silent   *SilenceFound
}

// Try makes an attempt: page, token, change, submission, and a look for effects.
func (p *Probe) Try(ctx context.Context, a Attempt) *Outcome {
	o := &Outcome{Attempt: a}
	if o.Err = p.aim(ctx, o); o.Err != nil {
		return o
	}
	before, err := p.Effects.Mark(ctx)
	if err != nil {
		o.Err = err
		return o
	}
	age := time.Since(o.Visit.got)
	p.send(ctx, o)
	effects, err := p.Effects.Since(ctx, before, o.Shot.canaries(), 0)
	if err != nil {
		o.Err = err
		return o
	}
	if o.Effects = effects; o.Err != nil && effects > 0 {
		o.Err, o.Answer = nil, &Answer{} // the app closed the connection, but had done the work
	}
	if a.AtOnce && effects > 0 && p.Visitors.Wait > 0 && age > p.Visitors.Wait/2 {
		o.Err = fmt.Errorf("it took %s until it could be sent, which is not at once", age.Round(time.Millisecond))
	}
	return o
}

// volley makes attempts that should have no effect, and looks once, at the end: effects may
// take time to show. If there was an effect, volley makes the attempts again and looks after
// each one. Stray is the number of effects that no attempt had then.
func (p *Probe) volley(ctx context.Context, attempts []Attempt) (outcomes []*Outcome, stray int) {
	if !slices.ContainsFunc(attempts, func(a Attempt) bool { return a.Once || a.Visit != nil }) { // nor is a page valid twice
		var n int
		if outcomes, n = p.unseen(ctx, attempts); n == 0 {
			return outcomes, 0
		}
		stray = n
	}
	outcomes = nil
	for _, a := range attempts {
		o := p.Try(ctx, a)
		if outcomes = append(outcomes, o); o.Effects > 0 {
			stray = 0
		}
	}
	return outcomes, stray
}

// unseen makes attempts, and returns the number of their effects in all.
func (p *Probe) unseen(ctx context.Context, attempts []Attempt) (outcomes []*Outcome, n int) {
	before, err := p.Effects.Mark(ctx)
	var canaries []string
	for _, a := range attempts {
		o := &Outcome{Attempt: a, Err: err}
		outcomes = append(outcomes, o)
		if o.Err == nil {
			o.Err = p.aim(ctx, o)
		}
		if o.Err == nil {
			p.send(ctx, o)
			canaries = append(canaries, o.Shot.canaries()...)
		}
	}
	if canaries == nil {
		return outcomes, 0
	}
	n, err = p.Effects.Since(ctx, before, canaries, 0)
	for _, o := range outcomes {
		if err != nil {
			o.Err = err
		}
	}
	return outcomes, n
}

// send sends the submission that aim made.
func (p *Probe) send(ctx context.Context, o *Outcome) {
	if p.Middle != nil {
		p.Middle.Reset()
		if o.Before != nil {
			o.Before(p.Middle)
		}
		if o.Token != nil {
			o.Shot.PutToken(o.Token(p.Middle))
		}
	}
	o.Answer, o.Err = p.Visitors.Fire(ctx, o.Shot)
	if p.Middle != nil {
		o.Calls = len(p.Middle.Calls())
	}
	p.Seen = append(p.Seen, o)
	if o.Answer != nil && len(o.Answer.Body) > mostKept {
		o.Answer.Body = slices.Clone(o.Answer.Body[:mostKept])
	}
	o.Visit.Answer = &Answer{Status: o.Visit.Answer.Status, Header: o.Visit.Answer.Header} // later code needs only the page's form
}

// mostKept is the most bytes of an answer that the audit keeps until its end.
const mostKept = 64 << 10

// aim makes the shot of an attempt, without sending it.
func (p *Probe) aim(ctx context.Context, o *Outcome) (err error) {
	pg := o.Visit
	if pg == nil {
		if pg, err = p.Visitors.Visit(ctx, !o.AtOnce); err != nil {
			return err
		}
	}
	o.Visit = pg
	o.Shot = p.Filler.Shot(pg)
	if o.Valid {
		token, err := p.Source.Mint(ctx, pg)
		if err != nil {
			return err
		}
		o.Shot.Fields = append(o.Shot.Fields, token...)
	}
	if o.Change != nil {
		o.Change(o.Shot)
	}
	if o.Fresh != nil {
		o.Fresh(o.Shot, pg)
	}
	return nil
}

// SendValid makes a submission with a valid token. The caller expects an effect.
func (p *Probe) SendValid(ctx context.Context, what string, change func(*Shot)) *Outcome {
	return p.Try(ctx, Attempt{What: what, Valid: true, Change: change})
}

// least is the shortest wait for the oracle.
const least = 15 * time.Millisecond

// baseline finds a valid submission that the app accepts, and makes sure that the app
// refuses one without a token. The first result is about the valid submission.
func (p *Probe) baseline(ctx context.Context) (string, error) {
	waits := []time.Duration{0, 2200 * time.Millisecond, 3300 * time.Millisecond, 6 * time.Second}
	if p.Spec.MinFill > 0 {
		waits = []time.Duration{p.Spec.MinFill + 300*time.Millisecond} // plus a margin, because the app's clock may differ
	}
	var last *Outcome
	for _, wait := range waits {
		p.Visitors.Wait = wait
		p.Effects.settle = least
		o, settled, err := p.valid(ctx)
		if err != nil {
			return "", err
		}
		if o.Effects > 0 {
			p.Accepted, p.Effects.settle = o, max(least, 2*settled)
			if wait == 0 {
				return fmt.Sprintf("accepted with %d at once", o.Answer.Status), nil
			}
			return fmt.Sprintf("accepted with %d after %s", o.Answer.Status, wait), nil
		}
		last = o
	}
	hint := ""
	if last.Answer.Status < 400 {
		hint = "; that looks as if it was accepted: does -effect look at the right place? It said the same before and after"
	}
	if p.Middle != nil && last.Calls == 0 {
		hint = "; the app never asked the verifier at " + p.Middle.Server.VerifyURL(p.Middle.Service) + ": is its verify URL set to that?"
	}
	if p.Middle != nil && last.Calls > 0 && hint == "" {
		hint = "; the app asked the verifier and got a success with hostname " + p.Middle.Hostname + " and action " + fmt.Sprintf("%q", p.Middle.Action) + ": does it expect others (-hostname, -captcha-action)?"
	}
	return "", fmt.Errorf("a submission with a valid token had no effect; the app answered %d%s\nwhat was sent: %s\nand the answer began: %s",
		last.Answer.Status, hint, Printable(last.Shot.bodyText(), 400), firstWords(last.Answer.Body))
}

func (s *Shot) bodyText() []byte {
	if s.Encode == nil {
		return s.Body
	}
	_, b := s.Encode(s.Fields)
	return b
}

func firstWords(body []byte) string {
	return Printable([]byte(strings.Join(strings.Fields(Printable(body, 600)), " ")), 200)
}

// valid makes one valid submission, and measures the time until its effect shows.
func (p *Probe) valid(ctx context.Context) (*Outcome, time.Duration, error) {
	p.Visitors.ready = nil
	pg, err := p.Visitors.Load(ctx, p.Visitors.Address())
	if err != nil {
		return nil, 0, err
	}
	if err := Sleep(ctx, p.Visitors.Wait); err != nil {
		return nil, 0, err
	}
	o := &Outcome{Attempt: Attempt{What: "a valid submission", Valid: true, Visit: pg}}
	if err := p.aim(ctx, o); err != nil {
		return nil, 0, err
	}
	if p.Middle != nil {
		p.Middle.Reset()
	}
	before, err := p.Effects.Mark(ctx)
	if err != nil {
		return nil, 0, err
	}
	if o.Answer, err = p.Visitors.Fire(ctx, o.Shot); err != nil {
		return nil, 0, err
	}
	if p.Middle != nil {
		o.Calls = len(p.Middle.Calls())
	}
	began := time.Now()
	patience := 3 * time.Second
	if o.Answer.Status >= 400 {
		patience = 200 * time.Millisecond
	}
	o.Effects, err = p.Effects.Since(ctx, before, []string{o.Shot.Canary}, patience)
	p.Seen = append(p.Seen, o)
	settled := time.Since(began) - p.Effects.settle
	if settled < 40*time.Millisecond {
		settled = 0
	}
	return o, settled, err
}

// Races is the number of rounds of each race. An app with a race bug does not show it in
// every round.
const Races = 3

// AtOnce is the number of submissions in a race for one token.
const AtOnce = 20

// Race sends shots so that their last bytes leave at once, and counts their effects in all.
func (p *Probe) Race(ctx context.Context, what string, shots []*Shot) *Outcome {
	o := &Outcome{Attempt: Attempt{What: what}, Shot: shots[0]}
	before, err := p.Effects.Mark(ctx)
	if err != nil {
		o.Err = err
		return o
	}
	answers, err := p.Visitors.Wire.together(ctx, shots)
	if err != nil {
		o.Err = err
		return o
	}
	var canaries []string
	for _, s := range shots {
		canaries = append(canaries, s.Canary)
	}
	o.Answer = telling(answers)
	o.Effects, o.Err = p.Effects.Since(ctx, before, canaries, 300*time.Millisecond)
	return o
}

// telling picks the outcome that shows most among requests sent at once: an accepted one.
func telling(answers []*Answer) *Answer {
	for _, a := range answers {
		if a != nil && a.Status < 400 {
			return a
		}
	}
	return answers[0]
}
