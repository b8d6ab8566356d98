// Package route finds out whether a request goes to a protected form, whatever it
// looks like.
//
//	routes, err := route.New(route.Rule{Form: 0, Patterns: []route.Pattern{signup}})
//	routes.Match("POST", "/signup").Kind   // Guarded
//	routes.Match("POST", "//signup").Kind  // Ambiguous: some server reads it as /signup
//	routes.Match("PUT", "/signup").Kind    // Unnamed: nobody said what PUT does there
//	routes.Match("GET", "/signup").Kind    // Open
//
// Servers differ in how they read a path: percent-escapes decoded once or twice,
// doubled slashes, dot segments, parameters after a semicolon, case, a slash at
// the end, an extension. A gateway that reads it in one way and an app that reads
// it in another are a way around the gateway. So a request is protected if any
// reading of its path is, and when that is not the path as it was written, it is
// not let through at all: no page of the app links to it like that.
package route

import (
	"fmt"
	"slices"
	"strings"
)

// Pattern is a set of methods and paths:
//
//	POST /signup            one path
//	POST,PUT /posts/*/edit  * is any one segment
//	/api/**                 ** at the end is any rest; without methods: all but GET, HEAD and OPTIONS
type Pattern struct {
	methods  []string // empty: every method that is not safe
	segments []string
	rest     bool
	text     string
}

// Parse reads a pattern, or says what is wrong with it.
func Parse(text string) (Pattern, error) {
	p := Pattern{text: text}
	methods, path, found := strings.Cut(text, " ")
	if !found {
		methods, path = "", text
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
	p.segments = strings.Split(path[1:], "/")
	if last := len(p.segments) - 1; p.segments[last] == "**" {
		p.rest, p.segments = true, p.segments[:last]
	}
	for _, segment := range p.segments {
		if segment != "*" && strings.Contains(segment, "*") {
			return Pattern{}, fmt.Errorf("%q: * stands for a whole segment, ** for the whole rest at the end", text)
		}
	}
	if literal := strings.TrimSuffix(path, "**"); !plain(literal) || strings.Contains(literal, "%") {
		return Pattern{}, fmt.Errorf("%q: write the path plainly, without escapes, query, parameters, dot segments or doubled slashes", text)
	}
	return p, nil
}

// String returns what was parsed.
func (p Pattern) String() string { return p.text }

// Methods returns the methods that are named; none means all that are not safe.
func (p Pattern) Methods() []string { return slices.Clone(p.methods) }

// Path returns the path as it was written.
func (p Pattern) Path() string { return p.text[strings.IndexByte(p.text, '/'):] }

func (p *Pattern) hasMethod(method string) bool {
	if len(p.methods) == 0 {
		return !Safe(method)
	}
	return slices.Contains(p.methods, method)
}

// hasPath reports whether path is in the set, where equal compares two segments.
func (p *Pattern) hasPath(path string, equal func(string, string) bool) bool {
	rest, found := strings.CutPrefix(path, "/")
	for i, segment := range p.segments {
		if !found {
			return false
		}
		var have string
		have, rest, found = strings.Cut(rest, "/")
		if segment != "*" && !equal(segment, have) || segment == "*" && have == "" {
			return false
		}
		if i == len(p.segments)-1 && !p.rest {
			return !found
		}
	}
	return p.rest && (found || len(p.segments) == 0)
}

// literal tells how exact a pattern is: of two that fit, the higher one counts.
func (p *Pattern) literal() int {
	score := 2 * len(p.segments)
	for _, segment := range p.segments {
		if segment != "*" {
			score++
		}
	}
	if !p.rest {
		score += 1000
	}
	return score
}

// Safe reports whether a method is one that changes nothing (RFC 9110, 9.2.1), as
// far as forms go. It is written in upper case: a server that takes "get" for GET
// may take "post" for POST.
func Safe(method string) bool { return method == "GET" || method == "HEAD" || method == "OPTIONS" }

// Rule says which requests a form guards.
type Rule struct {
	Form     int // the caller's number of the form
	Patterns []Pattern
}

// Kind is what a request is.
type Kind uint8

const (
	// Ambiguous is for nobody: some server reads the path as a protected one,
	// others do not. Answer 400.
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

// Routes finds the form of a request. It is safe for concurrent use.
type Routes struct {
	rules  []entry
	exempt []Pattern
	auto   int
}

type entry struct {
	Pattern
	form int
}

// NoAuto is in place of the form that guards all the rest.
const NoAuto = -1

// New returns the routes of rules. What exempt holds is open; auto is the form that
// guards every request that is not safe and that no rule names, or [NoAuto]. Two
// forms that claim the same method on the same path are an error.
func New(rules []Rule, exempt []Pattern, auto int) (*Routes, error) {
	r := &Routes{exempt: exempt, auto: auto}
	for _, rule := range rules {
		for _, p := range rule.Patterns {
			for _, other := range r.rules {
				if other.form != rule.Form && other.Path() == p.Path() && sameMethod(other.Pattern, p) {
					return nil, fmt.Errorf("%q and %q claim the same requests for two forms", other.text, p.text)
				}
			}
			r.rules = append(r.rules, entry{p, rule.Form})
		}
	}
	slices.SortStableFunc(r.rules, func(a, b entry) int { return b.literal() - a.literal() })
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
// escapes and without the query.
func (r *Routes) Match(method, path string) Match {
	isPlain := plain(path)
	if isPlain {
		if m, found := r.written(method, path); found {
			return m
		}
	}
	if r.read(method, path) {
		return Match{Kind: Ambiguous}
	}
	if Safe(method) || isPlain && r.isExempt(method, path) || r.auto == NoAuto {
		return Match{Kind: Open}
	}
	return Match{Kind: Guarded, Form: r.auto}
}

// written finds the rule of a path that is written plainly.
func (r *Routes) written(method, path string) (m Match, found bool) {
	for i := range r.rules {
		rule := &r.rules[i]
		if !rule.hasPath(path, sameText) {
			continue
		}
		if rule.hasMethod(method) {
			if r.isExempt(method, path) {
				return Match{Kind: Open}, true
			}
			return Match{Kind: Guarded, Form: rule.form}, true
		}
		found = true
	}
	switch {
	case !found:
		return m, false
	case Safe(method) || r.isExempt(method, path):
		return Match{Kind: Open}, true
	}
	return Match{Kind: Unnamed}, true
}

func (r *Routes) isExempt(method, path string) bool {
	return slices.ContainsFunc(r.exempt, func(p Pattern) bool { return p.hasMethod(method) && p.hasPath(path, sameText) })
}

// read reports whether some server reads the path as one that is protected.
func (r *Routes) read(method, path string) bool {
	rules := r.rules
	if Safe(method) { // few rules name GET, and most requests are one
		rules = nil
		for _, rule := range r.rules {
			if rule.hasMethod(method) {
				rules = append(rules, rule)
			}
		}
	}
	if len(rules) == 0 {
		return false
	}
	readings := Readings(path)
	if len(readings) >= maxReadings {
		return true
	}
	for _, reading := range readings {
		for i := range rules {
			if rules[i].hasPath(reading, strings.EqualFold) || rules[i].hasPath(reading+"/", strings.EqualFold) {
				return true
			}
		}
	}
	return false
}

// sameText compares a segment of a pattern with one of a path that is plain.
func sameText(pattern, have string) bool { return pattern == have || pattern == decode(have) }
