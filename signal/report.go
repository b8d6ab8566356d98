package signal

import (
	"hash/fnv"
	"io"
)

// Report is what the script of a page saw of the browser and of its visitor: counts and
// flags. It holds no key, no character, no position and no time. Everything in it is a
// claim, and only evidence against the sender is taken from it.
//
// On the wire a report has [ReportSize] characters. The first is the version of the form.
// Each other one is a number from 0 to 35 in base 36: a larger count is sent as 35. So
// nothing else fits in.
type Report struct {
	Environment Environment

	Presses int // of a mouse button
	Jumps   int // presses far from the one before with no more than two moves between: the pointer did not travel
	Centred int // presses at most half a pixel from the centre of what was pressed
	Brief   int // presses held for less than 12 ms
	Touches int // of a finger or a pen

	Keys  int // the binary logarithm of the number of keys pressed, from 1 on
	Rolls int // keys pressed while another one was still down

	Scripted  int    // fields that hold something that nothing typed, pasted or filled in
	Typing    Typing // of all fields together
	Untrusted int    // events that a script made
	Fractions int    // moves of the mouse to a fraction of a pixel, where a pixel of the page is one of the screen
	Grain     int    // how many different tenths of a millisecond the times of input end in, up to 10
}

// Environment are statements about the browser.
type Environment uint8

const (
	WebDriver Environment = 1 << iota // navigator.webdriver is true
	Patched                           // a script has replaced navigator.webdriver
	Driver                            // names that a driver leaves in the page
	Frames                            // events of the page were made by the script of a driver
	Bare                              // the view is as large as the screen, on a device without touch
)

// Typing are statements about how the fields were filled.
type Typing uint8

const (
	FewKeys  Typing = 1 << iota // less than half as many keys as characters, where nothing else filled a field
	Helped                      // something pasted, dropped, composed or corrected
	Autofill                    // the browser filled a field
)

// ReportSize is the length of a report on the wire, in bytes.
const ReportSize = 16

const reportVersion = '1'

// ParseReport reads a report that came with the ticket of the given text. ours is false for
// a text that no script of ours writes, or that was written for another ticket.
func ParseReport(text, ticket string) (r Report, ours bool) {
	if len(text) != ReportSize || text[0] != reportVersion {
		return r, false
	}
	var n [ReportSize]int
	for i := 1; i < ReportSize; i++ {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			n[i] = int(c - '0')
		case 'a' <= c && c <= 'z':
			n[i] = int(c-'a') + 10
		default:
			return r, false
		}
	}
	if n[14]*36+n[15] != bindingOf(ticket) {
		return r, false
	}
	return Report{
		Environment: Environment(n[1]), Presses: n[2], Jumps: n[3], Centred: n[4], Brief: n[5], Touches: n[6],
		Keys: n[7], Rolls: n[8], Scripted: n[9], Typing: Typing(n[10]), Untrusted: n[11], Fractions: n[12], Grain: n[13],
	}, true
}

// bindingOf is the number by which a report names its ticket. It shows a report that was
// copied from another form. It is no signature, because whoever writes a report can write
// the number too.
func bindingOf(ticket string) int {
	hash := fnv.New32a()
	_, _ = io.WriteString(hash, ticket) // writing to a hash never fails
	return int(hash.Sum32() % (36 * 36))
}

// Reasons of the signal "report".
const (
	ReasonReportMissing Reason = "report-missing" // a browser's script made a proof, and reports nothing
	ReasonReportForeign Reason = "report-foreign" // no report on this ticket
)

// inspectReport notes what is wrong with a report. No report is no evidence of a person.
func inspectReport(e *Evidence, list []Finding) []Finding {
	switch {
	case e.Foreign:
		list = append(list, Finding{Reason: ReasonReportForeign})
	case e.Report == nil && e.Proven && !e.Retry && browserOf(first(e.Header, "User-Agent")).family != "":
		list = append(list, Finding{Reason: ReasonReportMissing})
	}
	return list
}

// Has reports a statement.
func (e Environment) Has(what Environment) bool { return e&what != 0 }

// Has reports a statement.
func (t Typing) Has(what Typing) bool { return t&what != 0 }
