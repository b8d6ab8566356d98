package captcha

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// answer is a siteverify answer, as far as it decides anything.
type answer struct {
	success  bool
	codes    []string
	hostname string
	action   string
	cdata    string
	issued   time.Time // zero when absent or not a time
	score    *float64  // nil when absent or odd
	oddScore bool      // there is a score that is no number from 0 to 1
}

// Errors of decoding. They quote nothing of the answer, which may echo a token.
var (
	errNotJSON   = errors.New("the answer is not one JSON object")
	errTwice     = errors.New("the answer has a member twice")
	errNoSuccess = errors.New("the answer has no boolean success")
	errSpelling  = errors.New("the answer has a known member in another case")
	errWrongType = errors.New("the answer has a member of the wrong type")
)

// decode reads an answer strictly, because encoding/json alone would take the
// last of two "success", and "Success" for it.
func decode(body []byte) (*answer, error) {
	if !json.Valid(body) || !utf8.Valid(body) {
		return nil, errNotJSON
	}
	members, err := members(body)
	if err != nil {
		return nil, err
	}
	a := &answer{}
	switch string(members["success"]) {
	case "true":
		a.success = true
	case "false":
	default:
		return nil, errNoSuccess
	}
	for name, field := range map[string]any{
		"hostname": &a.hostname, "action": &a.action, "cdata": &a.cdata, "error-codes": &a.codes,
	} {
		if raw := members[name]; present(raw) && json.Unmarshal(raw, field) != nil {
			return nil, errWrongType
		}
	}
	a.issued = timeOf(members["challenge_ts"])
	a.score = scoreOf(members["score"])
	a.oddScore = a.score == nil && present(members["score"])
	return a, nil
}

// knownMembers decide something.
var knownMembers = []string{"success", "error-codes", "hostname", "action", "cdata", "challenge_ts", "score"}

// present reports a member that is there and not null.
func present(raw json.RawMessage) bool { return raw != nil && string(raw) != "null" }

// members returns the members of one object, none of them twice in any case and
// the known ones in their own.
func members(body []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errNotJSON
	}
	found, folded := map[string]json.RawMessage{}, map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		name, isText := token.(string)
		if err != nil || !isText {
			return nil, errNotJSON
		}
		key := strings.ToLower(strings.ToUpper(name)) // ToUpper makes an S of the long s, as encoding/json does
		switch {
		case folded[key]:
			return nil, errTwice
		case key != name && slices.Contains(knownMembers, key):
			return nil, errSpelling
		}
		folded[key] = true
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errNotJSON
		}
		found[name] = value
	}
	return found, nil
}

// timeOf reads challenge_ts. Services write RFC 3339 with and without fractions.
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

// scoreOf reads a score from 0 to 1. Anything else counts as none: Google's own
// test data has one as text, and a number that may be anything is no evidence.
func scoreOf(raw json.RawMessage) *float64 {
	score, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(score >= 0 && score <= 1) {
		return nil
	}
	return &score
}
