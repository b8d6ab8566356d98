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

// answer is a siteverify answer, as far as it decides anything.
type answer struct {
	success  bool
	codes    []string
	hostname string
	action   string
	cdata    string
	issued   time.Time // zero when absent or not a time
	score    float64
	hasScore bool
}

// Errors of decoding. They quote nothing of the answer, which may echo a token.
var (
	errNotJSON   = errors.New("the answer is not one JSON object")
	errTwice     = errors.New("the answer has a member twice")
	errNoSuccess = errors.New("the answer has no boolean success")
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
	for name, field := range map[string]*string{"hostname": &a.hostname, "action": &a.action, "cdata": &a.cdata} {
		if raw, found := members[name]; found && string(raw) != "null" {
			if json.Unmarshal(raw, field) != nil {
				return nil, errWrongType
			}
		}
	}
	if raw, found := members["error-codes"]; found && string(raw) != "null" {
		if json.Unmarshal(raw, &a.codes) != nil {
			return nil, errWrongType
		}
	}
	a.issued = timeOf(members["challenge_ts"])
	a.score, a.hasScore = scoreOf(members["score"])
	return a, nil
}

// members returns the members of one object, none of them twice in any case.
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
		if key := strings.ToLower(strings.ToUpper(name)); folded[key] {
			return nil, errTwice
		} else {
			folded[key] = true
		}
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
func scoreOf(raw json.RawMessage) (float64, bool) {
	score, err := strconv.ParseFloat(string(raw), 64)
	return score, err == nil && score >= 0 && score <= 1
}
