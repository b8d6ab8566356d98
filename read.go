package palisade

import (
	"errors"
	"net/http"
	"slices"

	"github.com/palisade-dev/palisade/internal/names"
	"github.com/palisade-dev/palisade/internal/submission"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/signal"
)

// Names of our own fields. The same names serve a form field and a member of a
// JSON object; a header carries the same value for clients that set none.
const (
	FieldTicket  = "palisade-ticket"
	FieldProof   = "palisade-proof"
	FieldCapsule = submission.Capsule // a sealed submission, see FormConfig.Transparent

	HeaderTicket  = "Palisade-Ticket"
	HeaderProof   = "Palisade-Proof"
	HeaderCaptcha = "Palisade-Captcha" // the answer to any other challenge, such as a provider's token
)

// reading is what was read of a request, once for the judgement and for its answer.
type reading struct {
	submission.Submission
	request *http.Request
	err     error                  // why the submission is not judged
	outer   *submission.Submission // the form that brought the submission sealed

	ticketText, proofText string // as sent; claims, not facts
	ticket                ticket.Ticket
	ours                  bool // the ticket is, by its signature
	parsed                bool // ticket and ours are known
}

var (
	errCapsule = errors.New("the sealed submission does not open here")
	errBrowser = errors.New("the sealed submission opens, but not for this browser")
)

// readRequest reads the body of a request, and what of it decides.
func (f *Form) readRequest(r *http.Request) *reading {
	read := &reading{request: r}
	if read.err = read.Read(r, f.bodyLimit(r)); read.err == nil {
		read.err = read.take(f)
	}
	return read
}

// take takes out the fields that decide. Each may come once, and in one place.
func (read *reading) take(f *Form) (err error) {
	query := names.OfQuery(read.request.URL.RawQuery)
	if read.ticketText, err = read.OneOf(FieldTicket, HeaderTicket, read.request, query); err != nil {
		return err
	}
	if read.proofText, err = read.OneOf(FieldProof, HeaderProof, read.request, query); err != nil {
		return err
	}
	for _, name := range f.guard.fields {
		if _, err = read.OneOf(name, HeaderCaptcha, read.request, query); err != nil {
			return err
		}
	}
	if err = read.unseal(f); err != nil {
		return err
	}
	for _, name := range f.counted {
		if _, err = read.One(name, query); err != nil {
			return err
		}
	}
	return nil
}

// reply returns what came in the field of a kind of challenge, or in the header.
func (read *reading) reply(field string) string {
	s := &read.Submission
	if read.outer != nil {
		s = read.outer
	}
	value, _ := s.OneOf(field, HeaderCaptcha, read.request, nil) // take has refused what is ambiguous
	return value
}

// ticketOf returns the ticket that came with a submission. ours is false where nothing in
// it may be believed.
func (read *reading) ticketOf(g *Guard) (t *ticket.Ticket, ours bool) {
	if !read.parsed {
		read.ticket, read.ours = g.keys.Parse(read.ticketText)
		read.parsed = true
	}
	return &read.ticket, read.ours
}

// own returns which fields are not the app's but the guard's.
func (read *reading) own(g *Guard) func(name string) bool {
	var decoys [2]signal.Decoy
	if t, ours := read.ticketOf(g); ours {
		decoys = signal.Decoys(t.DecoySeed())
	}
	return func(name string) bool {
		return name == FieldTicket || name == FieldProof || name == FieldCapsule || slices.Contains(g.fields, name) ||
			name != "" && (name == decoys[0].Name || name == decoys[1].Name)
	}
}
