package signal

import (
	"encoding/hex"
	"html"
	"strings"
)

// Reasons of the signal "decoy".
const (
	ReasonDecoyFilled  Reason = "decoy-filled"  // the field that should stay empty was filled
	ReasonDecoyChanged Reason = "decoy-changed" // the field that should come back as it was did not
	ReasonDecoyMissing Reason = "decoy-missing" // the form was not the one that the page showed
)

// Decoy is a field that people neither see nor fill.
type Decoy struct {
	Name  string `json:"name"`
	Value string `json:"value"` // that must come back
	Label string `json:"label"`
}

// decoyNames attract a bot that fills every field. Browsers do not fill fields of these
// names. Chrome 156 filled fields named company, zip, phone and state in every way of
// hiding but display:none.
var decoyNames = [...]string{"website", "url", "homepage", "web_page", "link", "site_url", "blog", "subject_line"}

// Decoys returns the decoys of one ticket. The seed is derived from the ticket
// under a key, so the names need not be stored and cannot be foretold. A suffix
// keeps them apart from the application's own fields.
//
// The first must come back empty, the second with its value.
func Decoys(seed [16]byte) [2]Decoy {
	var digits [22]byte
	hex.Encode(digits[:], seed[:11])
	word := decoyNames[seed[15]%byte(len(decoyNames))]
	// One string holds all three texts, as this is on the path of each attempt.
	var buf [64]byte
	text := append(buf[:0], word...)
	text = append(append(text, '_'), digits[:4]...)
	first := len(text)
	text = append(append(text, "ref_"...), digits[4:10]...)
	second := len(text)
	s := string(append(text, digits[10:]...))
	return [2]Decoy{
		{Name: s[:first], Label: decoyLabel},
		{Name: s[first:second], Value: s[second:], Label: decoyLabel},
	}
}

const decoyLabel = "Leave this field as it is"

// inspectDecoys compares the decoys that came back with the decoys that were shown. No
// finding is hard: browsers and password managers were seen to fill decoys for people.
func inspectDecoys(e *Evidence, list []Finding) []Finding {
	if e.Decoys == nil {
		return list
	}
	for i := range e.Decoys {
		d := &e.Decoys[i]
		value, count := e.Fields.Count(d.Name)
		switch {
		case count != 1:
			list = append(list, Finding{Reason: ReasonDecoyMissing})
		case value == d.Value:
		case d.Value == "":
			list = append(list, Finding{Reason: ReasonDecoyFilled})
		default:
			list = append(list, Finding{Reason: ReasonDecoyChanged})
		}
	}
	return list
}

// HTML returns the field in a wrapper that the external stylesheet hides with
// display:none, which also hides it from screen readers. The attributes are the
// ones that kept Chrome 156 from filling a field in 440 measured combinations
// (autocomplete="off" does not), and those that password managers look for.
func (d Decoy) HTML() string {
	var b strings.Builder
	b.WriteString(`<div class="palisade-aside" aria-hidden="true"><label>`)
	b.WriteString(html.EscapeString(d.Label))
	b.WriteString(` <input type="text" name="`)
	b.WriteString(html.EscapeString(d.Name))
	b.WriteString(`" value="`)
	b.WriteString(html.EscapeString(d.Value))
	b.WriteString(`" tabindex="-1" autocomplete="new-password" data-1p-ignore data-lpignore="true" data-bwignore data-form-type="other"`)
	if d.Value != "" {
		b.WriteString(` readonly`)
	}
	b.WriteString(`></label></div>`)
	return b.String()
}
