package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Probe is an audit under way: what rules attempt things with.
type Probe struct {
	Spec   *Spec
	Target *url.URL
	Wire   *Wire
	oracle Oracle
	random *rand.Rand
	roots  []string // rules about the baseline itself, by their rank

	Service     string
	TokenFields []string
	Source      Source
	Middle      *Middle // nil without a verifier in the middle

	First    *Page         // the page at the first look
	Home     *url.URL      // where the form posts to
	Wait     time.Duration // as long as a person must take
	settle   time.Duration // until an effect is seen
	Own      bool          // probes come from addresses of their own
	visits   int
	ready    []*Page // loaded ahead, growing old
	Seen     []*Outcome
	Accepted *Outcome // the accepted submission of the baseline
	Refused  *Outcome // that without a token
	limit    *LimitFound
	cleared  *clearanceFound
	silent   *SilenceFound

	confirmed int // findings after which it was watched whether effects come by themselves
}

// Canary returns a text that is in no other submission.
func (p *Probe) Canary() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	b := []byte("pal")
	for range 9 {
		b = append(b, letters[p.random.IntN(len(letters))])
	}
	return string(b)
}

// Address returns one that no visitor had before, where that is possible: on Linux
// all of 127.0.0.0/8 is the machine's own. So no limit of the app's answers in the
// place of what is being probed.
func (p *Probe) Address() netip.Addr {
	if !p.Own {
		return netip.Addr{}
	}
	p.visits++
	n := p.visits % addresses
	return netip.AddrFrom4([4]byte{127, byte(64 + n>>8&63), byte(n), byte(1 + n>>14)})
}

// addresses is how many there are for visitors: 127.64.0.0/10, without the ends of its
// smallest networks.
const addresses = 254 << 14

// canOwn reports whether visitors can have addresses of their own.
func canOwn(target netip.Addr) bool {
	return target.Is4() && target.IsLoopback() && runtime.GOOS == "linux"
}

// ahead is how many pages are loaded at most before they are used, so that they grow
// old in the meantime.
const ahead = 120

// Visit loads the page as a new visitor. Aged waits until a person could have filled
// the form in: one page is loaded for each that is used, and more while none is old
// enough.
func (p *Probe) Visit(ctx context.Context, aged bool) (*Page, error) {
	if !aged || p.Wait == 0 {
		return p.Load(ctx, p.Address())
	}
	for fresh := 0; len(p.ready) < ahead && (fresh == 0 || p.unripe(p.ready[0]) > 0); fresh++ {
		pg, err := p.Load(ctx, p.Address())
		if err != nil {
			return nil, err
		}
		p.ready = append(p.ready, pg)
	}
	pg := p.ready[0]
	p.ready = p.ready[1:]
	return pg, Sleep(ctx, p.unripe(pg))
}

// unripe is how long it is until a page could have been filled in by a person.
func (p *Probe) unripe(pg *Page) time.Duration { return time.Until(pg.got.Add(p.Wait)) }

// Load loads the page from an address and chooses its form.
func (p *Probe) Load(ctx context.Context, from netip.Addr) (*Page, error) {
	pg, err := p.Fetch(ctx, p.Target, from, nil)
	if err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	if err := p.choose(pg); err != nil {
		return nil, err
	}
	return pg, nil
}

// Shot makes the submission that a person on this page would send, without a token.
func (p *Probe) Shot(pg *Page) *Shot {
	canary := p.Canary()
	action := p.actionOf(pg, pg.Form)
	s := &Shot{
		Method: "POST", Target: action.RequestURI(), Host: p.Target.Host, From: pg.From, Cookies: maps.Clone(pg.Cookies),
		Encode: EncodeForm, Canary: canary, TokenFields: p.TokenFields,
	}
	if pg.Form.enctype == "multipart/form-data" {
		s.Encode = EncodeMultipart
	}
	if encode := encodings[p.Spec.Encoding]; encode != nil {
		s.Encode = encode
	}
	s.Fields = p.Fill(pg, pg.Form, canary)
	s.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	s.Set("Origin", p.Target.Scheme+"://"+p.Target.Host)
	s.Set("Referer", p.Target.String())
	s.Set("Sec-Fetch-Site", "same-origin")
	p.give(s)
	return s
}

// give puts the headers into a request that were given for all.
func (p *Probe) give(s *Shot) {
	for _, h := range p.Spec.Headers {
		value := h.Value
		for name, cookie := range s.Cookies {
			value = strings.ReplaceAll(value, "{cookie:"+name+"}", cookie)
		}
		s.Set(h.Name, value)
	}
}

// Fire sends a shot.
func (p *Probe) Fire(ctx context.Context, s *Shot) (*Answer, error) {
	return p.Wire.send(ctx, s.Method, s.Bytes(), s.From)
}

// Try makes an attempt: page, token, change, submission, and a look at what happened.
func (p *Probe) Try(ctx context.Context, a Attempt) *Outcome {
	o := &Outcome{Attempt: a}
	if o.Err = p.aim(ctx, o); o.Err != nil {
		return o
	}
	before, err := p.Mark(ctx)
	if err != nil {
		o.Err = err
		return o
	}
	age := time.Since(o.Visit.got)
	p.send(ctx, o)
	effects, err := p.Since(ctx, before, o.Shot.canaries(), 0)
	if err != nil {
		o.Err = err
		return o
	}
	if o.Effects = effects; o.Err != nil && effects > 0 {
		o.Err, o.Answer = nil, &Answer{} // it hung up, and did it all the same
	}
	if a.AtOnce && effects > 0 && p.Wait > 0 && age > p.Wait/2 {
		o.Err = fmt.Errorf("it took %s until it could be sent, which is not at once", age.Round(time.Millisecond))
	}
	return o
}

// volley makes attempts of which none should have an effect, and looks once, at the
// end: effects may take their time to be seen. If there was one, the attempts are made
// again, each with a look of its own. Stray are the effects that none of them had then.
func (p *Probe) volley(ctx context.Context, attempts []Attempt) (outcomes []*Outcome, stray int) {
	if !slices.ContainsFunc(attempts, func(a Attempt) bool { return a.Once || a.Visit != nil }) { // nor is a page good twice
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

// unseen makes attempts, and returns how many effects they had together.
func (p *Probe) unseen(ctx context.Context, attempts []Attempt) (outcomes []*Outcome, n int) {
	before, err := p.Mark(ctx)
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
	n, err = p.Since(ctx, before, canaries, 0)
	for _, o := range outcomes {
		if err != nil {
			o.Err = err
		}
	}
	return outcomes, n
}

// send makes the submission that was aimed.
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
	o.Answer, o.Err = p.Fire(ctx, o.Shot)
	if p.Middle != nil {
		o.Calls = len(p.Middle.Calls())
	}
	p.Seen = append(p.Seen, o)
	if o.Answer != nil && len(o.Answer.Body) > mostKept {
		o.Answer.Body = slices.Clone(o.Answer.Body[:mostKept])
	}
	o.Visit.Answer = &Answer{Status: o.Visit.Answer.Status, Header: o.Visit.Answer.Header} // its form is all that is needed by now
}

// mostKept bounds what is kept of the answer to a submission until the audit ends.
const mostKept = 64 << 10

// aim makes the shot of an attempt.
func (p *Probe) aim(ctx context.Context, o *Outcome) (err error) {
	pg := o.Visit
	if pg == nil {
		if pg, err = p.Visit(ctx, !o.AtOnce); err != nil {
			return err
		}
	}
	o.Visit = pg
	o.Shot = p.Shot(pg)
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

// errOracle is wrapped by what went wrong with the oracle.
var errOracle = errors.New("the effect cannot be seen")

// ReadsBack reports an oracle that counts the canaries alone that it is asked for.
func (p *Probe) ReadsBack() bool {
	o, ok := p.oracle.(*urlOracle)
	return ok && o.canary
}

// Mark reads the oracle before a submission.
func (p *Probe) Mark(ctx context.Context) (int, error) {
	if p.ReadsBack() {
		return 0, nil // what is unique needs no comparison
	}
	n, err := p.oracle.Count(ctx, nil)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", errOracle, err)
	}
	return n, err
}

// Since waits until effects would be seen, and counts them. With patience it looks
// again until there is one.
func (p *Probe) Since(ctx context.Context, before int, canaries []string, patience time.Duration) (int, error) {
	deadline := time.Now().Add(patience)
	if err := Sleep(ctx, p.settle); err != nil {
		return 0, err
	}
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		n, err := p.oracle.Count(ctx, canaries)
		if err != nil {
			if ctx.Err() == nil {
				err = fmt.Errorf("%w: %w", errOracle, err)
			}
			return 0, err
		}
		if n-before != 0 || time.Now().Add(pause).After(deadline) {
			return n - before, nil
		}
		if err := Sleep(ctx, pause); err != nil {
			return 0, err
		}
	}
}

// SendValid makes a submission with a valid token, which is expected to have an effect.
func (p *Probe) SendValid(ctx context.Context, what string, change func(*Shot)) *Outcome {
	return p.Try(ctx, Attempt{What: what, Valid: true, Change: change})
}

// least is how long the oracle is given at any rate.
const least = 15 * time.Millisecond

// baseline finds out how a valid submission is made that is accepted, and that one
// without a token is not. The first result is about the valid one.
func (p *Probe) baseline(ctx context.Context) (string, error) {
	waits := []time.Duration{0, 2200 * time.Millisecond, 3300 * time.Millisecond, 6 * time.Second}
	if p.Spec.MinFill > 0 {
		waits = []time.Duration{p.Spec.MinFill + 300*time.Millisecond} // as ages are measured by others' clocks
	}
	var last *Outcome
	for _, wait := range waits {
		p.Wait = wait
		p.settle = least
		o, settled, err := p.valid(ctx)
		if err != nil {
			return "", err
		}
		if o.Effects > 0 {
			p.Accepted, p.settle = o, max(least, 2*settled)
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

// valid makes one valid submission, and measures how long its effect takes to be seen.
func (p *Probe) valid(ctx context.Context) (*Outcome, time.Duration, error) {
	p.ready = nil
	pg, err := p.Load(ctx, p.Address())
	if err != nil {
		return nil, 0, err
	}
	if err := Sleep(ctx, p.Wait); err != nil {
		return nil, 0, err
	}
	o := &Outcome{Attempt: Attempt{What: "a valid submission", Valid: true, Visit: pg}}
	if err := p.aim(ctx, o); err != nil {
		return nil, 0, err
	}
	if p.Middle != nil {
		p.Middle.Reset()
	}
	before, err := p.Mark(ctx)
	if err != nil {
		return nil, 0, err
	}
	if o.Answer, err = p.Fire(ctx, o.Shot); err != nil {
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
	o.Effects, err = p.Since(ctx, before, []string{o.Shot.Canary}, patience)
	p.Seen = append(p.Seen, o)
	settled := time.Since(began) - p.settle
	if settled < 40*time.Millisecond {
		settled = 0
	}
	return o, settled, err
}

// Races is how often a race is run: an app that can lose it wins it now and then.
const Races = 3

// AtOnce is how many submissions race for one token.
const AtOnce = 20

// Gather has the verifier keep its answers back until all that race have asked, in
// every other round: most apps lose the race while they wait for it. In between they
// are tried as they come.
func (p *Probe) Gather(round, calls int) {
	if p.Middle != nil && round%2 == 0 {
		p.Middle.Server.Gather(p.Middle.Service, calls, 400*time.Millisecond)
	}
}

// Race sends shots so that their last bytes leave at once, and counts what they did
// together.
func (p *Probe) Race(ctx context.Context, what string, shots []*Shot) *Outcome {
	o := &Outcome{Attempt: Attempt{What: what}, Shot: shots[0]}
	before, err := p.Mark(ctx)
	if err != nil {
		o.Err = err
		return o
	}
	answers, err := p.together(ctx, shots)
	if err != nil {
		o.Err = err
		return o
	}
	var canaries []string
	for _, s := range shots {
		canaries = append(canaries, s.Canary)
	}
	o.Answer = telling(answers)
	o.Effects, o.Err = p.Since(ctx, before, canaries, 300*time.Millisecond)
	return o
}

// telling is the answer that shows most of those to requests that were sent at once:
// one that accepted.
func telling(answers []*Answer) *Answer {
	for _, a := range answers {
		if a != nil && a.Status < 400 {
			return a
		}
	}
	return answers[0]
}

// together sends shots so that their last bytes leave at once.
func (p *Probe) together(ctx context.Context, shots []*Shot) ([]*Answer, error) {
	var holding []*held
	for _, s := range shots {
		h, err := p.Wire.hold(ctx, s.Method, s.Bytes(), s.From)
		if err != nil {
			for _, h := range holding {
				h.conn.Close()
			}
			return nil, err
		}
		holding = append(holding, h)
	}
	// Give the heads time to be read, so that only the last bytes are under way.
	if err := Sleep(ctx, 60*time.Millisecond); err != nil {
		return nil, err
	}
	answers := make([]*Answer, len(holding))
	ended := make(chan struct{})
	for i, h := range holding {
		go func() {
			answers[i], _ = h.release() // one that failed has no answer
			ended <- struct{}{}
		}()
	}
	for range holding {
		<-ended
	}
	return answers, ctx.Err()
}
