package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/purpose"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/signal"
)

// Form is one guarded form. Zero fields get the library's defaults.
type Form struct {
	palisade.FormConfig
	Routes    []route.Pattern
	Accept200 bool // rejected_200: false
	Reject200 bool // rejected_200: true, said by the operator

	Cost Cost

	when route.When // narrows all routes
	at   string
}

// Cost says where the app's answer names what a submission cost: in a header, or at a path
// in JSON.
type Cost struct {
	Header string
	JSON   []string
}

// formKeys are the keys of every form.
var formKeys = []key[Form]{
	{name: "name", absent: "from the route", about: "what the log and the metrics call it",
		read: func(n node, f *Form) { n.string(&f.Name) }},
	{name: "captcha", preset: "when-risky", about: "the visible step: `always`, `when-risky`, `never`",
		read: func(n node, f *Form) { pick(n, &f.Ask, "always", "when-risky", "never") }},
	{name: "min_fill", absent: brief(palisade.DefaultMinFill), about: "quicker is challenged; `0s` for none",
		read: func(n node, f *Form) { n.duration(&f.MinFill); f.MinFill = noneIfZero(f.MinFill) }},
	{name: "max_age", absent: brief(palisade.DefaultMaxAge), about: "older is asked for again",
		read: func(n node, f *Form) { n.duration(&f.MaxAge) }},
	{name: "limits", absent: inWords(palisade.DefaultLimits()), about: "`[{rate, per, burst, by, cost, reserve}]`; by `ip`, `network`, `form` or `field:NAME`. Above, the hardest step is needed; `[]` for none",
		read: func(n node, f *Form) { n.limits(f) }},
	{name: "count", absent: "`accepted`, or `failures` if the name or a route speaks of a login, a recovery or a checkout", about: "[what the limits count](#what-limits-count): `accepted`, `attempts` or `failures`",
		read: func(n node, f *Form) { n.count(&f.Count) }},
	{name: "ceiling", absent: "50 at once and one more a minute, or as many as the limits by `ip` allow", about: "`{rate, per, burst}`: what one address may send, with the hardest step too; then 429. Set it to the limit by `ip` if no step should help",
		read: func(n node, f *Form) { f.Ceiling = n.ceiling() }},
	{name: "mode", preset: "enforce", about: "`monitor` only watches: it logs what it would do, lets through what it judges, spends nothing. Odd paths (400) and methods that nobody named (405) are refused all the same. So it cannot tell about limits",
		read: func(n node, f *Form) { n.either(&f.Monitor, "enforce", "monitor") }},
	{name: "signals", absent: "as at the top of the file", about: "[what the signals do](signals.md): `{grain: weigh, timing: observe, decoy: off, browser: {fullscreen: 0}}`",
		read: func(n node, f *Form) { n.signals(&f.Signals) }},
	{name: "step", preset: "2", about: "the sum of weights from which the visible step is asked for",
		read: func(n node, f *Form) { n.float(&f.Step, 0.1, 100) }},
	{name: "hard_step", preset: "5", about: "the same for the hardest step",
		read: func(n node, f *Form) { n.float(&f.HardStep, 0.1, 100) }},
	{name: "provider_down", preset: "step-down", about: "or `refuse`",
		read: func(n node, f *Form) { pick(n, &f.ProviderDown, "step-down", "refuse") }},
}

// routeKeys are the additional keys of a form of the gateway.
var routeKeys = []key[Form]{
	{name: "route", absent: "required", about: "[what is guarded](#what-is-guarded): one route or several",
		read: func(n node, f *Form) { n.routes(&f.Routes) }},
	{name: "routes", about: "the same",
		read: func(n node, f *Form) { n.routes(&f.Routes) }},
	{name: "when", about: "a condition of all its routes: `{graphql: [signUp]}` and so on",
		read: func(n node, f *Form) { f.when = n.when() }},
	{name: "max_body", preset: "10MiB", about: "more is answered 413 before it is read", // enough for a photograph
		read: func(n node, f *Form) { n.size(&f.MaxBody) }},
	{name: "max_fields", absent: strconv.Itoa(palisade.DefaultMaxFields), about: "more fields, or members at the top of a JSON object, are answered 400; at most 20000, and at most as many as the app reads (PHP: `max_input_vars`)",
		read: func(n node, f *Form) { n.int(&f.MaxFields, 1) }},
	{name: "sessions", preset: "false", about: "for what scripts send by themselves, see [requests of scripts](#requests-of-scripts): one proof opens a session of 30 requests, with any body, unread",
		read: func(n node, f *Form) { n.bool(&f.Sessions) }},
	{name: "rejected_200", preset: "true", about: "an answer 200 that shows the form again asks for a correction, which then needs no second visible step (two at most). If `true` is written, such an answer means for the limits too that nothing was accepted",
		read: func(n node, f *Form) { n.unless(&f.Accept200) }},
}

// gatewayFormKeys are all keys of a form of the gateway.
var gatewayFormKeys = slices.Concat(routeKeys, formKeys)

// NewForm returns a form without settings.
func NewForm() (f Form) {
	preset(new(reader), &f, gatewayFormKeys)
	return f
}

// form reads a form of the service, which only has a name.
func (r *reader) form(n node) Form {
	f := NewForm()
	f.at = n.place()
	fill(n, &f, formKeys)
	if f.Cost.Header != "" || f.Cost.JSON != nil {
		n.mistake("cost is for a form of the gateway, which sees the app's answers")
	}
	return f
}

// routedForm reads a form of the gateway.
func (r *reader) routedForm(n node) Form {
	f := NewForm()
	f.at = n.place()
	has := fill(n, &f, gatewayFormKeys)
	if !has["route"] && !has["routes"] {
		n.mistake("route is missing, e.g. route: POST /signup")
	} else if f.Name == "" && len(f.Routes) > 0 {
		f.Name = nameOf(f.Routes[0])
	}
	f.Reject200 = has["rejected_200"] && !f.Accept200
	if f.Count == palisade.CountByName && slices.ContainsFunc(f.Routes, func(p route.Pattern) bool { return purpose.Tries(p.Path()) }) {
		f.Count = palisade.CountFailures
	}
	if has["when"] {
		for i := range f.Routes {
			f.Routes[i] = f.Routes[i].Only(f.when)
		}
	}
	return f
}

// pick reads one of a few words. The words are in the order of the constants of T.
func pick[T ~uint8](n node, to *T, words ...string) {
	i := 0
	n.choice(&i, words...)
	*to = T(i)
}

// either reads one of two words. The second word sets the switch.
func (n node) either(to *bool, off, on string) {
	i := 0
	n.choice(&i, off, on)
	*to = i == 1
}

// unless reads a boolean and sets the switch to its opposite.
func (n node) unless(to *bool) {
	not := !*to
	n.bool(&not)
	*to = !not
}

// count reads which submissions count. The first word is the first constant behind
// CountByName.
func (n node) count(to *palisade.Count) {
	i := int(palisade.CountAccepted) - 1
	n.choice(&i, "accepted", "attempts", "failures")
	*to = palisade.Count(i + 1)
}

// noneIfZero turns a duration of 0 into the library's value for none.
func noneIfZero(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// signals reads what is done with each signal: a word, or weights by reason.
func (n node) signals(to *signal.Settings) {
	*to = signal.Settings{}
	known := make(map[string]func(node))
	for i := range signal.All {
		s := &signal.All[i]
		known[s.Name] = func(n node) { (*to)[s.Name] = n.setting(s) }
	}
	n.object(known)
}

func (n node) setting(of *signal.Signal) (s signal.Setting) {
	if !n.isMapping() {
		pick(n, &s.Mode, signal.Modes()...)
		return s
	}
	s.Weights = make(map[signal.Reason]float64)
	known := make(map[string]func(node))
	for why := range of.Weights {
		known[string(why)] = func(n node) {
			var weight float64
			n.float(&weight, -20, 20)
			s.Weights[why] = weight
		}
	}
	n.object(known)
	return s
}

// limits reads the limits of a form. A key without a value is a mistake, and does not mean
// that there are no limits.
func (n node) limits(f *Form) {
	if n.null() {
		n.mistake("has no value; write [] for no limits")
		return
	}
	f.Limits = []palisade.Limit{}
	n.list(func(n node) { f.Limits = append(f.Limits, n.limit(&f.Cost)) })
}

func (n node) ceiling() (l palisade.Limit) {
	n.object(map[string]func(node){
		"rate":  func(n node) { n.int(&l.Rate, 1) },
		"burst": func(n node) { n.int(&l.Burst, 1) },
		"per":   func(n node) { n.duration(&l.Per) },
	})
	if l.Rate == 0 || l.Per == 0 {
		n.mistake("rate and per are needed, e.g. {rate: 10, per: 10m, burst: 50}")
	}
	return l
}

func (n node) limit(cost *Cost) (l palisade.Limit) {
	by, costs := "", false
	n.object(map[string]func(node){
		"rate":    func(n node) { n.int(&l.Rate, 1) },
		"burst":   func(n node) { n.int(&l.Burst, 1) },
		"per":     func(n node) { n.duration(&l.Per) },
		"by":      func(n node) { n.string(&by); l.By = n.by(by) },
		"cost":    func(n node) { costs = true; n.cost(cost) },
		"reserve": func(n node) { n.int(&l.Reserve, 1) },
	})
	switch {
	case costs:
		l.Reserve = max(l.Reserve, 1)
	case l.Reserve > 0:
		n.mistake("reserve is for a limit with cost")
	}
	if l.Rate == 0 || l.Per == 0 || by == "" {
		n.mistake("rate, per and by are needed, e.g. {rate: 3, per: 10m, by: ip}")
	}
	return l
}

// cost reads where an answer says what a submission cost. All limits of a form say the same.
func (n node) cost(to *Cost) {
	var text string
	n.string(&text)
	kind, what, _ := strings.Cut(text, " ")
	what = strings.TrimSpace(what)
	var c Cost
	switch {
	case kind == "header" && validHeader.MatchString(what):
		c.Header = what
	case kind == "json" && what != "":
		c.JSON = strings.Split(what, ".")
	default:
		n.mistake("%q must be header NAME or json PATH, e.g. header X-Cost or json usage.total_tokens", text)
		return
	}
	if (to.Header != "" || to.JSON != nil) && (to.Header != c.Header || !slices.Equal(to.JSON, c.JSON)) {
		n.mistake("the limits of a form must have the same cost")
	}
	*to = c
}

var validHeader = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// by returns the criterion of a limit.
func (n node) by(word string) (by palisade.By) {
	switch word {
	case "ip":
		return palisade.ByIP
	case "network":
		return palisade.ByNetwork
	case "form":
		return palisade.ByForm
	}
	name, found := strings.CutPrefix(word, "field:")
	if !found || name == "" {
		n.mistake("%q must be ip, network, form or field:NAME", word)
	}
	return palisade.ByField(name)
}

// nameOf makes a form's name from its first route: "POST /blog/*/comments/" becomes
// blog-comments.
func nameOf(p route.Pattern) string {
	name := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
			return c
		case c == '*':
			return -1
		}
		return '-'
	}, strings.Trim(p.Path(), "/*"))
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	if name = strings.Trim(name[:min(len(name), 32)], "-"); name == "" {
		return "form"
	}
	return name
}

// brief writes a duration without zero parts: 4h instead of 4h0m0s.
func brief(d time.Duration) string {
	return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
}

func inWords(limits []palisade.Limit) string {
	words := make([]string, len(limits))
	for i, l := range limits {
		words[i] = l.String()
	}
	return strings.Join(words, "; ")
}

func quoted(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }
