package palisade

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/internal/duplicate"
	"github.com/palisade-dev/palisade/internal/submission"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/signal"
)

// When says when the visible captcha is asked for: the third-party one where
// Config.Captcha is set, the embedded one otherwise. The silent embedded proof
// is required in every case.
type When uint8

const (
	// Always asks everybody. It is the zero value.
	Always When = iota
	// WhenRisky asks whom the findings make suspicious.
	WhenRisky
	// Never asks for the embedded steps alone, also of the suspicious.
	Never
)

// ProviderDown says what stands in for a provider that cannot be reached.
type ProviderDown uint8

const (
	// StepDown asks for the hardest embedded step instead, and counts the
	// attempt double in every limit. It is the zero value.
	StepDown ProviderDown = iota
	// Refuse answers 503 until the provider is back.
	Refuse
)

// Defaults of [FormConfig].
const (
	DefaultMinFill   = 3 * time.Second
	DefaultMaxAge    = 4 * time.Hour
	DefaultMaxBody   = 1 << 20
	DefaultMaxFields = 1000
	DefaultStep      = 2.0
	DefaultHardStep  = 5.0
)

const maxLimits = 8

// DefaultLimits are those of a form of which nothing was said. An address gets at most
// five attempts accepted in any ten minutes: three at once, then one more every 200
// seconds. The thirty-first from a network is asked for the hardest step.
func DefaultLimits() []Limit {
	return []Limit{{Rate: 3, Per: 10 * time.Minute, By: ByIP}, {Rate: 30, Per: 10 * time.Minute, By: ByNetwork}}
}

// FormConfig says how one form is guarded.
type FormConfig struct {
	// Name is the form's name: the binding of every ticket, proof and provider
	// token (as its action), and the label in metrics. Letters, digits, - and _,
	// at most 32. Required.
	Name string

	// MinFill is the shortest time in which a person fills the form. Anything
	// quicker is challenged, never denied. Default [DefaultMinFill]; negative: none.
	MinFill time.Duration

	// MaxAge is how long a page may stay open. After that its form is asked for again,
	// with all input. Default [DefaultMaxAge], at most 24 h.
	MaxAge time.Duration

	// Limits are taken together. Nil: [DefaultLimits]. An empty list that is not nil means none. At most 8.
	Limits []Limit

	// Count says which submissions the Limits count. Default: those that the app accepted, as
	// its answer shows; for logins and the like those that failed. It needs [Form.Protect],
	// [Form.Handle] or [Form.Serve]: after [Form.Judge] every submission counts.
	Count Count

	// Ceiling bounds the submissions of one address, those with the hardest step included.
	// Over it the answer is 429. Its By is left out. Default: 50 at once and one more a
	// minute, which is at most 60 in ten minutes, or as many as the Limits by address let
	// through without a step. A form without a limit by address has none by default.
	Ceiling Limit

	// Ask says when the visible captcha is asked for. Default Always.
	Ask When

	// Challenges names the kinds of the site that this form asks for, in this order: names
	// of Config.Challenges, and of the services of Config.Captcha and Config.Fallbacks, such
	// as "turnstile". Nil: all, in the order of Config. An empty list that is not nil means
	// none: the embedded steps alone.
	Challenges []string

	// ProviderDown says what happens while the provider is out of reach.
	// Default StepDown.
	ProviderDown ProviderDown

	// MaxBody is the most bytes of a body; more is refused with 413. The body is
	// held in memory while it is judged. Default [DefaultMaxBody].
	MaxBody int64

	// MaxFields is the most fields of a form, or members at the top of a JSON object; more is
	// refused with 400. Default [DefaultMaxFields], at most 20000. Give at most as many as
	// the app reads (PHP: max_input_vars): otherwise a condition could be true for a field
	// that the app does not see.
	MaxFields int

	// Sessions is for what no person fills in and sends: an autosave, an upload, an API.
	// One proof opens a session, which the browser then sends by itself in a cookie, see
	// [SessionWrites]. With it a request may have any body, which is neither read nor
	// bounded, and several may run side by side. The limits count each request. A form that
	// a page sends by a navigation is a form even so. Not with a limit by field.
	Sessions bool

	// Exempt, if set, lets an attempt through unjudged, e.g. that of a signed-in
	// user. It must decide by something that cannot be forged or left out.
	Exempt func(*http.Request) bool

	// Transparent keeps the guard out of the handler's sight. The handler gets the
	// request that the page's own form would have sent, without the guard's fields and
	// headers. After a challenge it has the very bytes of the first try, uploaded files
	// included. For that the challenge page holds the submission sealed (AES-256-GCM),
	// and a cookie binds it to the browser.
	//
	// By default the handler sees the guard's fields too, and the challenge page holds
	// the input as plain fields. Files must then be chosen again, and no cookie is set.
	Transparent bool

	// Monitor only watches. The form is judged by the steps that spend nothing and ask
	// nobody. The decision says how it would have been without Monitor, and every attempt
	// is let through. Use it to see what a guard would do before it does.
	Monitor bool

	// Signals says what the form does with the signals of these names, see signal.Names. A
	// signal that it does not name is treated as Config.Signals says, or else as its own Mode
	// says.
	Signals signal.Settings

	// Step and HardStep are the sums of weights from which the visible step and the hardest
	// one are asked for. Default [DefaultStep] and [DefaultHardStep].
	Step, HardStep float64

	// FrameParents returns who may frame the form's own pages, as sources of the directive
	// frame-ancestors. Nil, and no sources: the same origin ('self'). Set it if a page of another
	// site frames the page with the form.
	FrameParents func(*http.Request) []string

	// Divert, if set, answers an attempt that filled a decoy. Its answer should look like
	// success. Nil, the default, challenges instead: browsers and password managers were
	// seen to fill decoys for people, who would then be told a success that did not
	// happen.
	Divert http.Handler
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

func (c *FormConfig) validate() error {
	var errs []error
	if !validName.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("Name %q must be 1 to 32 letters, digits, - or _", c.Name))
	}
	if c.MaxAge != 0 && (c.MaxAge < time.Minute || c.MaxAge > 24*time.Hour) {
		errs = append(errs, errors.New("MaxAge must lie between 1 min and 24 h"))
	}
	if 4*c.MinFill > cmp.Or(c.MaxAge, DefaultMaxAge) {
		errs = append(errs, errors.New("MinFill must be at most a quarter of MaxAge")) // the hardest challenge takes twice MinFill
	}
	if c.MaxBody < 0 {
		errs = append(errs, errors.New("MaxBody must not be negative"))
	}
	if c.MaxFields < 0 || c.MaxFields > submission.MostFields {
		errs = append(errs, fmt.Errorf("MaxFields must lie between 1 and %d", submission.MostFields))
	}
	if c.Ask > Never {
		errs = append(errs, errors.New("Ask must be Always, WhenRisky or Never"))
	}
	if c.Count > CountFailures {
		errs = append(errs, errors.New("Count must be CountByName, CountAccepted, CountAttempts or CountFailures"))
	}
	if c.ProviderDown > Refuse {
		errs = append(errs, errors.New("ProviderDown must be StepDown or Refuse"))
	}
	if step, hard := cmp.Or(c.Step, DefaultStep), cmp.Or(c.HardStep, DefaultHardStep); !(step > 0 && hard >= step) {
		errs = append(errs, errors.New("Step must be positive, and HardStep at least Step"))
	}
	errs = append(errs, c.Signals.Validate())
	if len(c.Limits) > maxLimits {
		errs = append(errs, fmt.Errorf("at most %d Limits", maxLimits))
	}
	if c.Ceiling.isSet() {
		ceiling, _ := c.ceiling()
		if err := ceiling.validate(); err != nil || c.Ceiling.By.kind != byNothing {
			errs = append(errs, errors.Join(errors.New("Ceiling: it needs Rate and Per, and has no By"), err))
		}
	}
	for i, limit := range c.Limits {
		if c.Sessions && limit.By.kind == byField {
			errs = append(errs, fmt.Errorf("Limits[%d]: a request with a session is not read, so it cannot be counted by a field", i))
		}
		if err := limit.validate(); err != nil {
			errs = append(errs, fmt.Errorf("Limits[%d]: %w", i, err))
		}
		for _, other := range c.Limits[:i] {
			if newRule(c.Name, other).prefix == newRule(c.Name, limit).prefix && limit.Rate > 0 {
				errs = append(errs, fmt.Errorf("Limits[%d] is there twice", i))
			}
		}
	}
	return errors.Join(errs...)
}

// WithDefaults returns the configuration with its defaults written out. Without a ceiling,
// Ceiling is zero.
func (c FormConfig) WithDefaults() FormConfig {
	c.setDefaults()
	c.Ceiling, _ = c.ceiling()
	return c
}

func (c *FormConfig) setDefaults() {
	c.MaxAge = cmp.Or(c.MaxAge, DefaultMaxAge)
	c.MinFill = cmp.Or(c.MinFill, DefaultMinFill)
	c.MaxBody = cmp.Or(c.MaxBody, DefaultMaxBody)
	c.MaxFields = cmp.Or(c.MaxFields, DefaultMaxFields)
	c.Step, c.HardStep = cmp.Or(c.Step, DefaultStep), cmp.Or(c.HardStep, DefaultHardStep)
	if c.Limits == nil {
		c.Limits = DefaultLimits()
	}
	c.Limits = slices.Clone(c.Limits)
	c.Count = c.counts()
}

// Form is a protected route with a name. Make one with [Guard.Form] and hang
// its handler on the route; never compare paths yourself.
type Form struct {
	guard    *Guard
	config   FormConfig
	id       ticket.Form
	ladder   *challenge.Ladder
	strict   []rule   // over them the sender waits
	own      []rule   // of the sender's address: over them the hardest step is needed
	networks []rule   // of the sender's network: the same
	travel   *rule    // of tickets that one network fetched and another one sends; nil: none
	targets  []rule   // somebody else's
	counted  []string // fields that limits count by
	answers  []string // fields in which answers to its kinds of challenge come
	recent   *duplicate.Recent
	settings [len(signal.All)]signal.Setting // in the order of signal.All
}

// Form registers a form of the site, or reports all mistakes together.
func (g *Guard) Form(config FormConfig) (*Form, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("palisade: form %q: %w", config.Name, err)
	}
	config.setDefaults()
	f := &Form{guard: g, config: config, id: ticket.FormOf(config.Name), recent: duplicate.New()}
	var err error
	if f.ladder, err = g.ladderOf(&config); err != nil {
		return nil, fmt.Errorf("palisade: form %q: %w", config.Name, err)
	}
	f.answers = f.ladder.Fields()
	f.settings = signal.Resolve(g.config.Signals, config.Signals)
	if ceiling, ok := config.ceiling(); ok {
		f.strict = append(f.strict, newRule(config.Name+"\x00ceiling", ceiling))
	}
	for _, limit := range config.Limits {
		r := newRule(config.Name, limit)
		r.back = config.givesBack(limit)
		switch by := limit.By.kind; {
		case by == byKey, limit.Reserve > 0:
			f.strict = append(f.strict, r)
		case by == byIP:
			f.own = append(f.own, r)
		case by == byNetwork:
			f.networks = append(f.networks, r)
		default:
			f.targets = append(f.targets, r)
		}
		if limit.By.kind == byNetwork || limit.By.kind == byIP && f.travel == nil {
			travel := r
			travel.back, f.travel = false, &travel
		}
		if limit.By.kind == byField {
			f.counted = append(f.counted, limit.By.name)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.forms[config.Name] != nil {
		return nil, fmt.Errorf("palisade: form %q exists already", config.Name)
	}
	g.forms[config.Name] = f
	g.maxFields = max(g.maxFields, config.MaxFields)
	return f, nil
}

// MaxBody returns the most bytes of a body that the form takes.
func (f *Form) MaxBody() int64 { return f.config.MaxBody }

// mostFields returns the largest MaxFields of the forms.
func (g *Guard) mostFields() int {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return cmp.Or(g.maxFields, DefaultMaxFields)
}

// form returns the form of a name, or nil.
func (g *Guard) form(name string) *Form {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.forms[name]
}

// formByID returns the form that a ticket names, or nil.
func (g *Guard) formByID(id ticket.Form) *Form {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for _, f := range g.forms {
		if f.id == id {
			return f
		}
	}
	return nil
}

// Judge judges a submission: the one entry of all doors. When the decision is not
// allowed, answer with [Form.Answer]. A submission is judged once.
//
// Most programs want [Form.Protect] or [Form.Handle], which cannot be forgotten.
func (f *Form) Judge(s *Submission) Decision {
	d, answer := f.decide(s)
	if d.Allowed() {
		answer.Close() // the caller's answer is not known here
	}
	return d
}

// Check judges a request. It reads the body up to MaxBody and puts it back, so that a
// handler can read it again. When the decision is not allowed, answer with [Form.Refuse].
func (f *Form) Check(r *http.Request) Decision { return f.Judge(NewSubmission(r)) }

// decide judges a submission and tells of it. The answer is the one to
// record when allowed, or the one to give again when this is a double click.
func (f *Form) decide(s *Submission) (Decision, *duplicate.Answer) {
	a := f.begin(s)
	defer a.end()
	ctx := s.request.Context()
	d := a.judge(ctx)
	if d.Allowed() && f.config.Transparent {
		s.hide(f)
	}
	if a.answer != nil && d.Allowed() {
		s.handOn(a.answer)
	}
	if a.answer != nil && !d.Allowed() && d.Reason != ReasonDuplicate {
		f.recent.Drop(a.answer)
	}
	f.tell(ctx, a, d)
	d.sub = s // only for the answer: a listener may keep the decision
	return d, a.answer
}

// Protect returns a handler that runs next for allowed attempts only, and
// answers all others itself. The [Pass] of an allowed attempt is in the
// request's context, see [PassFrom].
func (f *Form) Protect(next http.Handler) http.Handler {
	return f.Handle(func(w http.ResponseWriter, r *http.Request, pass Pass) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), passKey{}, pass)))
	})
}

// Handle is Protect for a handler that takes the [Pass] as an argument: it
// cannot be called by anybody who has none.
func (f *Form) Handle(next func(http.ResponseWriter, *http.Request, Pass)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.Serve(w, NewSubmission(r), next) })
}

// onward returns a function that finds out where a redirect leads: to a URL of this site as
// the guard sees it, or elsewhere (nil).
func (g *Guard) onward(r *http.Request) func(location string) *url.URL {
	return func(location string) *url.URL {
		from := &url.URL{Host: r.Host, Path: g.config.Prefix + r.URL.Path}
		to, err := from.Parse(location)
		if err != nil || !strings.EqualFold(to.Host, r.Host) && !slices.Contains(g.hosts, strings.ToLower(to.Host)) {
			return nil
		}
		if to.Path == "" {
			to.Path = "/"
		}
		to.Path, to.RawPath = strings.TrimPrefix(to.Path, g.config.Prefix), strings.TrimPrefix(to.RawPath, g.config.Prefix)
		return to
	}
}

// Serve judges a submission. If it is allowed next answers, otherwise the form does.
func (f *Form) Serve(w http.ResponseWriter, s *Submission, next func(http.ResponseWriter, *http.Request, Pass)) {
	d, answer := f.decide(s)
	if !d.Allowed() {
		f.answer(w, s, d, answer)
		return
	}
	defer answer.Close()
	onward := f.guard.onward(s.request)
	out := &noted{ResponseWriter: w, note: func(status int, location string) { f.recent.Note(answer, s.request, status, location, onward) }}
	ended := false
	defer func() {
		came := EffectUnknown // of a handler that panicked, as one whose answer broke off does
		if ended {
			came = s.came(out)
		}
		f.settle(s, came)
	}()
	next(out, s.request, Pass{form: f, request: s.request, decision: d})
	ended = true
}
