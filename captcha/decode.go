package captcha

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// answer holds the decisive parts of a service's answer.
type answer struct {
	success  bool
	codes    []string
	hostname string
	action   string
	cdata    string
	issued   time.Time // zero when absent or not a time
	expires  time.Time // zero when the service reports none
	score    *float64  // nil when absent or odd
	oddScore bool      // there is a score, but it is no number from 0 to 1
	devHost  bool      // the service says that the page is on a developer's own host
	id       string    // identifies the token in all its spellings; empty: its text
}

// Errors of decoding. They do not quote the answer, because it may contain the token.
var (
	errNotJSON   = errors.New("the answer is not one JSON object")
	errTwice     = errors.New("the answer has a member twice")
	errNoSuccess = errors.New("the answer has no boolean that says success")
	errSpelling  = errors.New("the answer has a known member in another case")
	errWrongType = errors.New("the answer has a member of the wrong type")
)

// readSiteverify reads an answer in the format of reCAPTCHA's siteverify.
func readSiteverify(_ *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	a := &answer{
		success: o.flag("success"), codes: o.texts("error-codes"),
		hostname: o.text("hostname"), action: o.text("action"), cdata: o.text("cdata"),
		issued: timeOf(o.member("challenge_ts")),
	}
	a.rate(o.member("score"))
	return o.done(a)
}

// rate reads a score from 0 to 1.
func (a *answer) rate(raw json.RawMessage) {
	a.score = scoreOf(raw)
	a.oddScore = a.score == nil && present(raw)
}

// object reads one JSON object strictly. encoding/json alone would accept the last of two
// "success" members, and "Success" in place of it. object keeps the first mistake for
// done, so that readers need not check at every member.
type object struct {
	members map[string]json.RawMessage
	spelt   map[string]string // the names in the object, by their folded form
	wrong   *error            // shared with the inner objects
}

func open(body []byte) *object {
	o := &object{wrong: new(error)}
	if !json.Valid(body) || !utf8.Valid(body) {
		o.fail(errNotJSON)
		return o
	}
	o.fill(body)
	return o
}

// fill reads the members. A name must not occur twice, in any case.
func (o *object) fill(body []byte) {
	o.members, o.spelt = map[string]json.RawMessage{}, map[string]string{}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		o.fail(errNotJSON)
		return
	}
	for decoder.More() {
		token, err := decoder.Token()
		name, isText := token.(string)
		var value json.RawMessage
		if err != nil || !isText || decoder.Decode(&value) != nil {
			o.fail(errNotJSON)
			return
		}
		if _, twice := o.spelt[fold(name)]; twice {
			o.fail(errTwice)
		}
		o.members[name], o.spelt[fold(name)] = value, name
	}
}

// fold makes names equal that encoding/json treats as equal: ToUpper turns the long s
// into an S.
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

func (o *object) fail(err error) {
	if *o.wrong == nil {
		*o.wrong = err
	}
}

// done returns the answer, or the first mistake.
func (o *object) done(a *answer) (*answer, error) {
	if *o.wrong != nil {
		return nil, *o.wrong
	}
	return a, nil
}

// member returns a member, or nil. Its spelling must be exact.
func (o *object) member(name string) json.RawMessage {
	if spelt, there := o.spelt[fold(name)]; there && spelt != name {
		o.fail(errSpelling)
	}
	return o.members[name]
}

// has reports whether a member is present and not null.
func (o *object) has(name string) bool { return present(o.member(name)) }

func present(raw json.RawMessage) bool { return raw != nil && string(raw) != "null" }

// flag returns a required boolean.
func (o *object) flag(name string) bool {
	switch string(o.member(name)) {
	case "true":
		return true
	case "false":
	default:
		o.fail(errNoSuccess)
	}
	return false
}

// text returns a text, or "".
func (o *object) text(name string) (text string) {
	o.take(name, &text)
	return text
}

// word returns a required text.
func (o *object) word(name string) string {
	if !o.has(name) {
		o.fail(errWrongType)
	}
	return o.text(name)
}

// some returns a list of one code, or an empty list for "".
func some(code string) []string {
	if code == "" {
		return nil
	}
	return []string{code}
}

// texts returns a list of texts, or none.
func (o *object) texts(name string) (texts []string) {
	o.take(name, &texts)
	return texts
}

func (o *object) take(name string, into any) {
	if raw := o.member(name); present(raw) && json.Unmarshal(raw, into) != nil {
		o.fail(errWrongType)
	}
}

// inner returns an inner object, which is empty if there is none.
func (o *object) inner(name string) *object {
	in := &object{wrong: o.wrong}
	if raw := o.member(name); present(raw) {
		in.fill(raw)
	}
	return in
}

// objects returns a list of inner objects, or none.
func (o *object) objects(name string) (list []*object) {
	var raws []json.RawMessage
	o.take(name, &raws)
	for _, raw := range raws {
		in := &object{wrong: o.wrong}
		in.fill(raw)
		list = append(list, in)
	}
	return list
}

// timeOf reads a time such as challenge_ts. Services write RFC 3339 with and without fractions.
func timeOf(raw json.RawMessage) time.Time {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// scoreOf reads a score from 0 to 1. It ignores every other value: Google's own test
// data has a score as text, and a number out of range proves nothing.
func scoreOf(raw json.RawMessage) *float64 {
	score, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(score >= 0 && score <= 1) {
		return nil
	}
	return &score
}
