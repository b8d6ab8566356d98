package palisade

import (
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/submission"
	"github.com/palisade-dev/palisade/internal/ticket"
)

// maxUnticketed is the most that is sealed for who showed no ticket of ours: enough for a
// form that was typed, not for an upload.
const maxUnticketed = 64 << 10

// seal returns the capsule of a submission for a page with a ticket, or nil where there
// may be none.
func (f *Form) seal(read *reading, page, browser string) []byte {
	body := read.Without(read.own(f.guard))
	_, ours := read.ticketOf(f.guard)
	if int64(len(body)) > f.config.MaxBody || !ours && len(body) > maxUnticketed {
		return nil
	}
	r := read.request
	c := ticket.Capsule{Browser: browser, Type: strings.Join(r.Header["Content-Type"], ""), Body: body}
	return f.guard.keys.Seal(c, place(f.id, r, page))
}

func place(form ticket.Form, r *http.Request, page string) ticket.Place {
	return ticket.Place{Form: form, Method: r.Method, Target: r.RequestURI, Ticket: page}
}

// unseal puts what a capsule holds in its place, with errBrowser also where it may not be
// released. A capsule in any other way than a challenge page sends it would leave an empty
// submission.
func (read *reading) unseal(f *Form) error {
	if !f.config.Transparent {
		return nil
	}
	if read.Capsule() == nil {
		if _, count := read.Count(FieldCapsule); count > 0 {
			return errCapsule
		}
		return nil
	}
	r := read.request
	c, opens := f.guard.keys.Open(read.Capsule(), place(f.id, r, read.ticketText))
	if !opens {
		return errCapsule
	}
	submission.Put(r, c.Body)
	delete(r.Header, "Content-Type")
	if c.Type != "" {
		r.Header["Content-Type"] = []string{c.Type}
	}
	outer := read.Submission
	read.outer, read.Submission = &outer, submission.Submission{}
	if err := read.Read(r, f.config.MaxBody); err != nil {
		return err
	}
	if c.Browser != ticket.BrowserOf(r) {
		return errBrowser
	}
	return nil
}

// bodyLimit is how much of a body is read: more where it brings a capsule.
func (f *Form) bodyLimit(r *http.Request) int64 {
	if !f.config.Transparent {
		return f.config.MaxBody
	}
	return submission.Limit(r, f.config.MaxBody)
}
