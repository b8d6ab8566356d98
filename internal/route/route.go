// Package route finds out whether a request goes to a protected form, in whatever
// spelling.
//
//	routes, err := route.New(route.Config{Rules: []route.Rule{{Form: 0, Patterns: []route.Pattern{signup}}}})
//	routes.Match("POST", "/signup").Kind    // Guarded
//	routes.Match("POST", "/SignUp/x").Kind  // Guarded: some server runs the handler of /signup
//	routes.Match("POST", "//signup").Kind   // Ambiguous: no page sends to such a path
//	routes.Match("PUT", "/signup").Kind     // Unnamed: no rule names PUT for this path
//	routes.Match("GET", "/signup").Kind     // Open
//
// Servers differ in how they read a path. A client could bypass a gateway that reads a
// path differently from the app. Two rules prevent this.
//
// First, an unsafe request must have a plain path ([Plain]), whatever it matches. All
// servers read a plain path in the same way, except for a few known differences. Pages
// and programs send only plain paths, so all others are refused.
//
// Second, guarding patterns match loosely and exemptions exactly. The comparison of a
// plain path with a guarding pattern ignores the known differences: case, extensions,
// index documents, the names of front controllers, parameters, a slash at the end. A
// guarded path also guards the paths below it, because frameworks mount handlers on
// prefixes and servers pass the rest as PATH_INFO.
package route

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Pattern is a set of methods and paths:
//
//	POST /signup            one path, and the paths below it
//	POST /posts exact       one path alone
//	POST,PUT /posts/*/edit  * is any one segment
//	/api/**                 ** at the end is any rest; without methods: all but GET, HEAD and OPTIONS
//
// The path / is always exact.
type Pattern struct {
	methods  []string // empty: every unsafe method
	path     string
	segments []string // as written, for exemptions
	loose    [][]segment
	rest     bool
	exact    bool
	text     string
	when     When
}

// Only returns the pattern restricted by a condition.
func (p Pattern) Only(when When) Pattern {
	p.when = when
	return p
}

// Conditional reports whether a condition restricts the pattern.
func (p Pattern) Conditional() bool { return !p.when.isZero() }

// When returns the condition.
func (p Pattern) When() When { return p.when }

// Parse parses a pattern. The error describes the mistake in it.
func Parse(text string) (Pattern, error) {
	p := Pattern{text: text}
	words, exact := strings.CutSuffix(text, " exact")
	methods, path, found := strings.Cut(words, " ")
	if !found {
		methods, path = "", words
	}
	for method := range strings.SplitSeq(methods, ",") {
		switch {
		case method == "" && !found:
		case method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "":
			return Pattern{}, fmt.Errorf("%q: methods are upper-case words with commas between them, and one space before the path", text)
		default:
			p.methods = append(p.methods, method)
		}
	}
	if !strings.HasPrefix(path, "/") {
		return Pattern{}, fmt.Errorf("%q: the path must begin with /", text)
	}
	p.path = path
	p.segments = strings.Split(path[1:], "/")
	literal := path
	if last := len(p.segments) - 1; p.segments[last] == "**" {
		p.rest, p.segments, literal = true, p.segments[:last], strings.TrimSuffix(path, "**")
	}
	for _, segment := range p.segments {
		if segment != "*" && strings.Contains(segment, "*") {
			return Pattern{}, fmt.Errorf("%q: * stands for a whole segment, ** for the whole rest at the end", text)
		}
	}
	if strings.ContainsAny(literal, "%;") || !Plain(escape(literal)) {
		return Pattern{}, fmt.Errorf("%q: write the path plainly, without escapes, query, parameters, dot segments or doubled slashes", text)
	}
	if exact && p.rest {
		return Pattern{}, fmt.Errorf("%q: exact and ** exclude each other", text)
	}
	p.loosen(escape(literal))
	p.exact = exact || !p.rest && len(p.loose[0]) == 0
	return p, nil
}

// loosen prepares the pattern for the comparison with requests.
func (p *Pattern) loosen(path string) {
	full := skeleton(path)
	p.loose = [][]segment{full}
	if short := withoutIndexes(full); len(short) < len(full) {
		p.loose = append(p.loose, short)
	}
}

// escape returns a path as it is sent; the path may contain unescaped letters.
func escape(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c >= utf8.RuneSelf || c == ' ' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// String returns the text that was parsed.
func (p Pattern) String() string { return p.text }

// Methods returns the methods that the pattern names; none means all unsafe ones.
func (p Pattern) Methods() []string { return slices.Clone(p.methods) }

// Path returns the path as it was written.
func (p Pattern) Path() string { return p.path }

// Exact reports whether the pattern excludes the paths below its path.
func (p Pattern) Exact() bool { return p.exact }

// hasMethod reports whether the pattern names a method. Frameworks answer HEAD by running
// the handler of GET.
func (p *Pattern) hasMethod(method string) bool {
	if len(p.methods) == 0 {
		return !Safe(method)
	}
	return slices.Contains(p.methods, method) || method == "HEAD" && slices.Contains(p.methods, "GET")
}

// has reports whether the pattern contains a plain path in exactly this spelling.
func (p *Pattern) has(path string) bool {
	rest, found := strings.CutPrefix(path, "/")
	for i, segment := range p.segments {
		if !found {
			return false
		}
		var have string
		have, rest, found = strings.Cut(rest, "/")
		if segment == "*" && have == "" || segment != "*" && segment != have && segment != decode(have) {
			return false
		}
		if i == len(p.segments)-1 && !p.rest {
			return !found
		}
	}
	return p.rest && found
}

// reach says how closely a pattern guards a path, the closest last.
type reach int

const (
	outside reach = iota
	below         // below a guarded path
	within        // in the rest that ** matches
	at            // the guarded path in another spelling
	spelled       // the guarded path as it is written
)

// opens reports whether the pattern, of an exemption, contains a plain path in exactly this
// spelling, and also without a session id, because servers differ in whether they cut it.
func (p *Pattern) opens(path string) bool { return p.has(path) && p.has(cutSession(path)) }

// guards says how closely a pattern guards a path with the given readings.
func (p *Pattern) guards(path string, readings []reading) reach {
	closest := outside
	for _, loose := range p.loose {
		for _, reading := range readings {
			closest = max(closest, p.reaches(loose, reading))
		}
	}
	if closest == at && p.has(path) {
		return spelled
	}
	return closest
}

func (p *Pattern) reaches(loose []segment, r reading) reach {
	if len(r.segments) < len(loose) {
		return outside
	}
	for i := range loose {
		same := alike
		if r.tail && i == 0 {
			same = endsAlike
		}
		if loose[i].folded != "*" && !same(&loose[i], &r.segments[i]) {
			return outside
		}
	}
	switch {
	case p.rest:
		return within
	case len(r.segments) == len(loose) || answersBehind(r.segments, len(loose)):
		return at
	case p.exact || len(loose) == 0: // the folder of an index document does not guard its content
		return outside
	}
	return below
}

// answersBehind reports whether a program gets the segments after the first n as
// PATH_INFO. The program is the one at these n segments, or their index document.
func answersBehind(reading []segment, n int) bool {
	return n > 0 && reading[n-1].script || reading[n].index && reading[n].script
}

// weight decides which of two patterns counts if both guard a path: the longer
// one, then the one with fewer wildcards, then the one that matches more closely.
func (p *Pattern) weight(r reach) int {
	literals := 0
	for _, segment := range p.segments {
		if segment != "*" && segment != "" {
			literals++
		}
	}
	return len(p.loose[0])<<16 + literals<<8 + int(r)
}

// If two rules have one path, the one whose condition holds counts, then the one without
// a condition.
const (
	conditionHolds = 1 << 6
	noCondition    = 1 << 5
	reachBits      = 5 // bits of a weight that say how closely a path matches
)

func (e *entry) weigh(r reach, held holding) int {
	if held == unknown {
		return e.weight(r)
	}
	return e.claim(r)
}

// claim is the weight of a pattern whose condition holds. An exemption needs a higher
// weight.
func (p *Pattern) claim(r reach) int {
	if p.Conditional() {
		return p.weight(r) + conditionHolds
	}
	return p.weight(r) + noCondition
}

// Safe reports whether a method is safe (RFC 9110, 9.2.1) as far as forms are
// concerned. The method must be in upper case: a server that treats "get" as GET may
// treat "post" as POST.
func Safe(method string) bool { return method == "GET" || method == "HEAD" || method == "OPTIONS" }

// Rule lists requests that a form guards.
type Rule struct {
	Form     int // the caller's number of the form
	Patterns []Pattern
	Monitor  bool // the form is in monitor mode
}

// Kind is the class of a request.
type Kind uint8

const (
	// Ambiguous means that servers read the path in different ways, or may. No
	// form and no app gets it. Answer 400.
	Ambiguous Kind = iota
	// Unnamed means that no rule names the method for the protected path. Answer 405.
	Unnamed
	// Guarded goes to the form.
	Guarded
	// Open goes to the app.
	Open
)

// Match is the result of matching a request.
type Match struct {
	Kind Kind
	Form int // of Guarded
}

// Config lists guarded and open requests.
type Config struct {
	Rules []Rule
	// Exempt requests are open, unless a longer pattern of a rule guards them.
	Exempt []Pattern
	// Auto is the form that guards every unsafe request that no rule names, or
	// [NoAuto].
	Auto int
	// Odd are patterns that end in **. The part of a path that ** matches need not
	// be plain. Such requests go to Auto, which is then required.
	Odd []Pattern
}

// NoAuto means that no form guards the remaining requests.
const NoAuto = -1

// Routes finds the form of a request. It is safe for concurrent use.
type Routes struct {
	config Config
	rules  []entry
	safe   []entry // entries that guard a safe method: few, but most requests have a safe method
}

type entry struct {
	Pattern
	form    int
	monitor bool
}

// New returns the routes, or the mistakes in config. Two forms that claim the same
// method on the same path are an error.
func New(config Config) (*Routes, error) {
	r := &Routes{config: config}
	for _, rule := range config.Rules {
		for _, p := range rule.Patterns {
			for _, other := range r.rules {
				if other.form != rule.Form && strings.EqualFold(other.path, p.path) && sameMethod(other.Pattern, p) && !other.Conditional() && !p.Conditional() {
					return nil, fmt.Errorf("%q and %q claim the same requests for two forms", other.text, p.text)
				}
			}
			r.rules = append(r.rules, entry{p, rule.Form, rule.Monitor})
			if slices.ContainsFunc(p.methods, Safe) {
				r.safe = append(r.safe, entry{p, rule.Form, rule.Monitor})
			}
		}
	}
	if len(config.Odd) > 0 && config.Auto == NoAuto {
		return nil, errors.New("odd paths are guarded by auto, which is missing")
	}
	for _, p := range config.Odd {
		if !p.rest {
			return nil, fmt.Errorf("%q: odd paths are what ** stands for at the end of a pattern", p.text)
		}
	}
	return r, nil
}

func sameMethod(a, b Pattern) bool {
	switch {
	case len(a.methods) == 0 && len(b.methods) == 0:
		return true
	case len(a.methods) == 0:
		return slices.ContainsFunc(b.methods, a.hasMethod)
	}
	return slices.ContainsFunc(a.methods, b.hasMethod)
}

// Match matches a method and a path. The path is as in the request, with its escapes and
// without the query. Match assumes that conditions hold.
func (r *Routes) Match(method, path string) Match {
	return r.MatchRequest(&Request{Method: method, Path: path, any: true})
}

// Guards reports whether a path and query are guarded, or refused, for any method and
// body.
func (r *Routes) Guards(path, query string) bool {
	return r.MatchRequest(&Request{Method: "POST", Path: path, Query: query, any: true}).Kind != Open
}

// OpenToSockets reports whether a client may open a WebSocket at a path and query. The gateway
// does not judge its messages. So either no rule guards the path, or it is exempt for GET.
func (r *Routes) OpenToSockets(path, query string) bool {
	for i := range r.config.Exempt {
		if p := &r.config.Exempt[i]; p.opens(path) && !p.Conditional() && slices.Contains(p.methods, "GET") {
			return true
		}
	}
	return !r.Guards(path, query)
}

// MatchRequest is Match for a request of which more is known. If it is unknown whether
// a condition holds, MatchRequest assumes that it holds for a rule, but not for an
// exemption. If several such rules have one path, the first one in the list counts.
func (r *Routes) MatchRequest(req *Request) Match {
	rules := r.rules
	if Safe(req.Method) {
		if rules = r.safe; len(rules) == 0 {
			return Match{Kind: Open}
		}
	}
	path, ok := readingsOf(req.Path)
	if !ok {
		return r.odd(req.Method, req.Path)
	}
	m, enforced := r.decide(rules, req, &path)
	if enforced {
		return m
	}
	return r.insideQuery(rules, req, m)
}

// decide matches the path alone. enforced means that no path inside the query could lead
// to stronger protection.
func (r *Routes) decide(rules []entry, req *Request, path *read) (m Match, enforced bool) {
	f := guard(rules, req, path)
	auto := r.config.Auto != NoAuto && !Safe(req.Method)
	switch {
	case r.exempts(req, path, f):
		return Match{Kind: Open}, false
	case f.weight > 0 && f.monitor && f.doubted && auto:
		return Match{Kind: Guarded, Form: r.config.Auto}, true
	case f.weight > 0:
		return f.match, !f.monitor
	case Safe(req.Method):
		return Match{Kind: Open}, false
	case auto:
		return Match{Kind: Guarded, Form: r.config.Auto}, true
	case RunsAction(req.Header):
		return Match{Kind: Unnamed}, true
	}
	return Match{Kind: Open}, false
}

// insideQuery checks whether the app may read another path from the query. The path
// of the request itself leads to m.
func (r *Routes) insideQuery(rules []entry, req *Request, m Match) Match {
	paths, ok := pathsInside(cutSession(req.Path), req.Query)
	if !ok && !Safe(req.Method) {
		return Match{Kind: Ambiguous}
	}
	for _, in := range paths {
		inner := *req
		inner.Path = in.path
		read, ok := readingsOf(in.path)
		f := guard(rules, &inner, &read)
		switch {
		case ok && f.weight > 0 && (!f.monitor || m.Kind == Open):
			return f.match
		case Safe(req.Method):
		case !ok && in.sure:
			return Match{Kind: Ambiguous}
		case in.sure && r.config.Auto != NoAuto && m.Kind == Open:
			return Match{Kind: Guarded, Form: r.config.Auto}
		}
	}
	return m
}

// exempts reports whether an exemption holds that outweighs the rules. An exemption with
// wildcards does not hold for a path that any reading gives to a rule.
func (r *Routes) exempts(req *Request, path *read, f found) bool {
	action := RunsAction(req.Header) && !Safe(req.Method)
	for i := range r.config.Exempt {
		p := &r.config.Exempt[i]
		if !p.hasMethod(req.Method) || !p.opens(req.Path) || !p.names(path.programs) || p.claim(spelled) <= f.claim || f.at && !f.monitor && !p.literal() || !p.when.isAlone(req) {
			continue
		}
		if !action || isAction(p.when.Header) {
			return true
		}
	}
	return false
}

func (p *Pattern) literal() bool { return !p.rest && !slices.Contains(p.segments, "*") }

// names reports whether the pattern itself contains the first segment of a path that may
// name a program. Such a program may read the text matched by a wildcard as another path.
func (p *Pattern) names(programs []int) bool {
	return len(programs) == 0 || programs[0] < len(p.segments) && p.segments[programs[0]] != "*"
}

// found is the result of the rules for a path.
type found struct {
	match   Match
	weight  int  // 0: no rule guards the path
	claim   int  // the weight of the strongest rule if it certainly applies
	doubted bool // the request may belong to none of them
	at      bool // one of them has exactly this path, in some reading
	literal bool // the pattern of match has no wildcards
	monitor bool // the form of match is in monitor mode
}

// guard finds the rule with the highest weight for a path. A form in monitor mode must
// outweigh every other matching form, and those must not be doubtful. Otherwise a client
// could get through with an ambiguous request, or with one that matches two forms.
func guard(rules []entry, req *Request, path *read) found {
	enforced, watched := best(rules, req, path, false), best(rules, req, path, true)
	claim := max(enforced.claim, watched.claim)
	f := enforced
	switch {
	case enforced.weight == 0, enforced.match.Kind == Unnamed && watched.match.Kind == Guarded:
		f = watched
		f.doubted = f.doubted || len(path.programs) > 0
	case watched.weight == 0, enforced.doubted, enforced.at && !watched.literal, len(path.programs) > 0:
	case enforced.weight>>reachBits < watched.weight>>reachBits:
		f = watched
	}
	f.claim = claim
	return f
}

// best searches either the rules with forms in monitor mode, or the others.
func best(rules []entry, req *Request, path *read, monitor bool) (f found) {
	method := req.Method
	f.match.Kind, f.monitor = Unnamed, monitor
	for i := range rules {
		rule := &rules[i]
		if rule.monitor != monitor {
			continue
		}
		reach := rule.guards(req.Path, path.readings)
		if reach == outside {
			continue
		}
		held := rule.when.holds(req)
		// Below a guarded path the handlers are unknown. So every method is
		// judged instead of being refused.
		named := rule.hasMethod(method) || reach == below && !Safe(method)
		if held == no || Safe(method) && !named {
			continue
		}
		w := rule.weigh(reach, held)
		f.claim, f.doubted, f.at = max(f.claim, rule.claim(reach)), f.doubted || held == unknown, f.at || reach >= at
		switch {
		case named && (f.match.Kind == Unnamed || w > f.weight):
			f.match, f.weight, f.literal = Match{Kind: Guarded, Form: rule.form}, w, rule.literal()
		case !named && f.match.Kind == Unnamed:
			f.weight = max(f.weight, w)
		}
	}
	return f
}

// odd matches a path that is not plain. If a rule guards a safe method, safe methods
// need plain paths too.
func (r *Routes) odd(method, path string) Match {
	for i := range r.config.Odd {
		if p := &r.config.Odd[i]; !Safe(method) && p.hasMethod(method) && p.has(path) {
			return Match{Kind: Guarded, Form: r.config.Auto}
		}
	}
	return Match{Kind: Ambiguous}
}
