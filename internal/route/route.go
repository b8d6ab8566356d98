// Package route finds out whether a request goes to a protected form, whatever it
// looks like.
//
//	routes, err := route.New(route.Config{Rules: []route.Rule{{Form: 0, Patterns: []route.Pattern{signup}}}})
//	routes.Match("POST", "/signup").Kind    // Guarded
//	routes.Match("POST", "/SignUp/x").Kind  // Guarded: some server runs the handler of /signup
//	routes.Match("POST", "//signup").Kind   // Ambiguous: no page sends to such a path
//	routes.Match("PUT", "/signup").Kind     // Unnamed: nobody said what PUT does there
//	routes.Match("GET", "/signup").Kind     // Open
//
// Servers differ in how they read a path. Two rules keep a gateway that reads it in
// one way and an app that reads it in another from being a way around the gateway.
//
// A request that changes something must have a plain path ([Plain]), whatever it may
// match: one that no two servers read differently, but for a few differences that
// are known. Pages and programs send no others, so all else is refused.
//
// Guards compare loosely and exemptions exactly. A plain path is compared with a
// guarding pattern by what is left of both without those differences: case,
// extensions, index documents, the names of front controllers, parameters, a slash
// at the end. And a guarded path guards what lies below it, because frameworks
// mount handlers on prefixes and servers hand the rest over as PATH_INFO.
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
//	POST /signup            one path, and what lies below it
//	POST /posts exact       one path alone
//	POST,PUT /posts/*/edit  * is any one segment
//	/api/**                 ** at the end is any rest; without methods: all but GET, HEAD and OPTIONS
//
// The path / is always exact.
type Pattern struct {
	methods  []string // empty: every method that is not safe
	path     string
	segments []string // as written, for exemptions
	loose    [][]segment
	rest     bool
	exact    bool
	text     string
	when     When
}

// Only returns the pattern narrowed by a condition.
func (p Pattern) Only(when When) Pattern {
	p.when = when
	return p
}

// Conditional reports whether the pattern is narrowed by a condition.
func (p Pattern) Conditional() bool { return !p.when.isZero() }

// When returns the condition.
func (p Pattern) When() When { return p.when }

// Parse reads a pattern, or says what is wrong with it.
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

// loosen makes the pattern ready for comparison with requests.
func (p *Pattern) loosen(path string) {
	full := skeleton(path)
	p.loose = [][]segment{full}
	if short := withoutIndexes(full); len(short) < len(full) {
		p.loose = append(p.loose, short)
	}
}

// escape writes a path, in which letters may stand as they are read, as it is sent.
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

// String returns what was parsed.
func (p Pattern) String() string { return p.text }

// Methods returns the methods that are named; none means all that are not safe.
func (p Pattern) Methods() []string { return slices.Clone(p.methods) }

// Path returns the path as it was written.
func (p Pattern) Path() string { return p.path }

// Exact reports whether the pattern leaves out what lies below its path.
func (p Pattern) Exact() bool { return p.exact }

// hasMethod reports whether a method is named. Frameworks answer HEAD by running
// the handler of GET.
func (p *Pattern) hasMethod(method string) bool {
	if len(p.methods) == 0 {
		return !Safe(method)
	}
	return slices.Contains(p.methods, method) || method == "HEAD" && slices.Contains(p.methods, "GET")
}

// has reports whether a plain path is in the set as it is written.
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

// reach is how far a path is guarded by a pattern, the closest last.
type reach int

const (
	outside reach = iota
	below         // of a guarded path
	within        // the rest that ** stands for
	at            // the guarded path in another spelling
	spelled       // the guarded path as it is written
)

// guards tells how a pattern guards a path, of which the readings are given.
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
	case p.exact || len(loose) == 0: // the folder of an index document is not all that is in it
		return outside
	}
	return below
}

// answersBehind reports whether the program at the first n segments of a reading, or
// the one that is its index document, is handed what follows as PATH_INFO.
func answersBehind(reading []segment, n int) bool {
	return n > 0 && reading[n-1].script || reading[n].index && reading[n].script
}

// weight tells which of two patterns counts where both guard a path: the longer
// one, then the one with fewer wildcards, then the one that comes closer.
func (p *Pattern) weight(r reach) int {
	literals := 0
	for _, segment := range p.segments {
		if segment != "*" && segment != "" {
			literals++
		}
	}
	return len(p.loose[0])<<16 + literals<<8 + int(r)
}

// Of two rules of one path, the one whose condition holds counts, then the one without
// a condition.
const (
	conditionHolds = 1 << 6
	noCondition    = 1 << 5
	reachBits      = 5 // of a weight, which say how close a path comes
)

func (e *entry) weigh(r reach, held holding) int {
	if held == unknown {
		return e.weight(r)
	}
	return e.claim(r)
}

// claim is the weight of a pattern whose condition holds, and what an exemption must
// have more of.
func (p *Pattern) claim(r reach) int {
	if p.Conditional() {
		return p.weight(r) + conditionHolds
	}
	return p.weight(r) + noCondition
}

// Safe reports whether a method is one that changes nothing (RFC 9110, 9.2.1), as
// far as forms go. It is written in upper case: a server that takes "get" for GET
// may take "post" for POST.
func Safe(method string) bool { return method == "GET" || method == "HEAD" || method == "OPTIONS" }

// Rule says which requests a form guards.
type Rule struct {
	Form     int // the caller's number of the form
	Patterns []Pattern
	Monitor  bool // the form only watches
}

// Kind is what a request is.
type Kind uint8

const (
	// Ambiguous is for nobody: servers read the path in different ways, or may.
	// Answer 400.
	Ambiguous Kind = iota
	// Unnamed is a method that nobody named on a protected path. Answer 405.
	Unnamed
	// Guarded goes to the form.
	Guarded
	// Open goes to the app.
	Open
)

// Match is the result of looking at a request.
type Match struct {
	Kind Kind
	Form int // of Guarded
}

// Config says what is guarded.
type Config struct {
	Rules []Rule
	// Exempt is open, unless a longer pattern of a rule guards it.
	Exempt []Pattern
	// Auto is the form that guards every request that is not safe and that no rule
	// names, or [NoAuto].
	Auto int
	// Odd are patterns of which the rest behind ** may be written in ways that are
	// not plain. Such requests go to Auto, which is then required.
	Odd []Pattern
}

// NoAuto is in place of the form that guards all the rest.
const NoAuto = -1

// Routes finds the form of a request. It is safe for concurrent use.
type Routes struct {
	config Config
	rules  []entry
	safe   []entry // those that guard a safe method: few, and most requests have one
}

type entry struct {
	Pattern
	form    int
	monitor bool
}

// New returns the routes, or what is wrong with them. Two forms that claim the same
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

// Match looks at a method and at a path as it stands in the request, with its
// escapes and without the query. Conditions are taken to hold.
func (r *Routes) Match(method, path string) Match {
	return r.MatchRequest(&Request{Method: method, Path: path, any: true})
}

// Guards reports whether something of a path and a query is guarded, or is refused,
// whatever the method and the body are.
func (r *Routes) Guards(path, query string) bool {
	return r.MatchRequest(&Request{Method: "POST", Path: path, Query: query, any: true}).Kind != Open
}

// OpenToSockets reports whether a WebSocket may be opened at a path and query. What is sent through
// it is not judged. So the path must be one that nobody guards, or be exempt for GET.
func (r *Routes) OpenToSockets(path, query string) bool {
	for i := range r.config.Exempt {
		if p := &r.config.Exempt[i]; p.has(path) && !p.Conditional() && slices.Contains(p.methods, "GET") {
			return true
		}
	}
	return !r.Guards(path, query)
}

// MatchRequest is Match for a request of which more is known. Where it is not known
// whether a condition holds, it is taken to hold for a rule and not for an exemption;
// of several such rules of one path, the first that was named counts.
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

// decide goes by the path alone. enforced means that no path inside the query could be
// guarded better.
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

// insideQuery looks at a request that goes by its path to m for a path that the app may
// read out of the query.
func (r *Routes) insideQuery(rules []entry, req *Request, m Match) Match {
	paths, ok := pathsInside(req.Path, req.Query)
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

// exempts reports whether an exemption holds that claims more than the rules. One with
// wildcards holds for no path that a rule is for in some reading.
func (r *Routes) exempts(req *Request, path *read, f found) bool {
	action := RunsAction(req.Header) && !Safe(req.Method)
	for i := range r.config.Exempt {
		p := &r.config.Exempt[i]
		if !p.hasMethod(req.Method) || !p.has(req.Path) || !p.names(path.programs) || p.claim(spelled) <= f.claim || f.at && !f.monitor && !p.literal() || !p.when.isAlone(req) {
			continue
		}
		if !action || isAction(p.when.Header) {
			return true
		}
	}
	return false
}

func (p *Pattern) literal() bool { return !p.rest && !slices.Contains(p.segments, "*") }

// names reports whether the pattern has the first segment of a path that may name a
// program. What a wildcard stands for may be the path of another page to such a program.
func (p *Pattern) names(programs []int) bool {
	return len(programs) == 0 || programs[0] < len(p.segments) && p.segments[programs[0]] != "*"
}

// found is what rules say of a path.
type found struct {
	match   Match
	weight  int  // 0: none guards it
	claim   int  // what the strongest of them weighs if there is no doubt about it
	doubted bool // it is not sure that the request is for one of them
	at      bool // one of them is for this very path, in some reading
	literal bool // the pattern of match has no wildcards
	monitor bool // the form of match only watches
}

// guard finds the rule with the most weight for a path. A form that only watches must
// have more of it than any other that fits, and no doubt about those: else whoever raises
// a doubt, or says two things at once, is let through.
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

// best looks among the rules whose forms only watch, or among the others.
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
		// Below a guarded path nothing is known to be there. So every method is
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

// odd answers for a path that is not plain. Plain paths are asked of safe methods
// too where a rule guards one.
func (r *Routes) odd(method, path string) Match {
	for i := range r.config.Odd {
		if p := &r.config.Odd[i]; !Safe(method) && p.hasMethod(method) && p.has(path) {
			return Match{Kind: Guarded, Form: r.config.Auto}
		}
	}
	return Match{Kind: Ambiguous}
}
