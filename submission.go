package palisade

import (
	"errors"
	"net/http"
	"slices"
	"strings"

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

// Submission is one request to a form. It is read once: the judgement and the answer use
// what was read. All doors judge submissions, see [Form.Judge].
type Submission struct {
	request *http.Request
	read    bool                   // body and err are known
	err     error                  // why the submission is not judged
	body    submission.Submission  // as the app is to get it, with our own fields
	outer   *submission.Submission // the form that brought body sealed
	sealed  *sealed                // what the body holds sealed, until it takes the body's place
	beside  names.Query            // names in the query and in cookies, for Text

	ticketText, proofText string // as sent; claims, not facts
	ticket                ticket.Ticket
	ours                  bool // the ticket is, by its signature
	parsed                bool // ticket and ours are known
}

// sealed is an opened capsule.
type sealed struct {
	ticket.Capsule
	form ticket.Form
	body submission.Submission
}

// Field is a field of a form, or a member of a JSON object.
type Field = submission.Field

var (
	errCapsule = errors.New("the sealed submission does not open here")
	errBrowser = errors.New("the sealed submission opens, but not for this browser")
)

// NewSubmission returns the submission of a request. The body is read when the submission
// is judged.
func NewSubmission(r *http.Request) *Submission { return &Submission{request: r} }

// Submitted returns the submission of a request whose body a program has read already.
// isJSON says that the fields are members of a JSON object. What readers may disagree
// about is refused when the submission is judged.
func Submitted(r *http.Request, fields []Field, isJSON bool) *Submission {
	s := &Submission{request: r, read: true}
	s.body, s.err = submission.Of(fields, isJSON)
	return s
}

// Request returns the request of the submission.
func (s *Submission) Request() *http.Request { return s.request }

// On puts a changed copy of the request, such as one with another context, in the place of
// the first.
func (s *Submission) On(r *http.Request) *Submission {
	s.request = r
	return s
}

// readFor reads the submission for a form, and takes out what decides of it.
func (s *Submission) readFor(f *Form) {
	if !s.read {
		s.read, s.err = true, s.body.Read(s.request, f.bodyLimit(s.request))
	} else if s.err == nil {
		s.err = s.fits(f)
	}
	if s.err == nil {
		s.err = s.take(f)
	}
}

// fits reports what a form does not take of a submission that was read for any form.
func (s *Submission) fits(f *Form) error {
	limit := f.config.MaxBody
	if s.body.Capsule() != nil && f.config.Transparent {
		limit = submission.SealedLimit(limit)
	}
	switch {
	case int64(s.body.Size()) > limit:
		return submission.ErrTooLarge
	case s.body.Other():
		return submission.ErrUnsupported
	}
	return nil
}

// take takes out the fields that decide. Each may come once, and in one place.
func (s *Submission) take(f *Form) (err error) {
	query := names.OfQuery(s.request.URL.RawQuery)
	if s.ticketText, err = s.body.OneOf(FieldTicket, HeaderTicket, s.request, query); err != nil {
		return err
	}
	if s.proofText, err = s.body.OneOf(FieldProof, HeaderProof, s.request, query); err != nil {
		return err
	}
	for _, name := range f.guard.fields {
		if _, err = s.body.OneOf(name, HeaderCaptcha, s.request, query); err != nil {
			return err
		}
	}
	if err = s.unseal(f); err != nil {
		return err
	}
	for _, name := range f.counted {
		if _, err = s.body.One(name, query); err != nil {
			return err
		}
	}
	return nil
}

// reply returns what came in the field of a kind of challenge, or in the header.
func (s *Submission) reply(field string) string {
	from := &s.body
	if s.outer != nil {
		from = s.outer
	}
	value, _ := from.OneOf(field, HeaderCaptcha, s.request, nil) // take has refused what is ambiguous
	return value
}

// ticketOf returns the ticket that came with the submission. ours is false where nothing in
// it may be believed.
func (s *Submission) ticketOf(g *Guard) (t *ticket.Ticket, ours bool) {
	if !s.parsed {
		s.ticket, s.ours = g.keys.Parse(s.ticketText)
		s.parsed = true
	}
	return &s.ticket, s.ours
}

// own returns which fields are not the app's but the guard's.
func (s *Submission) own(g *Guard) func(name string) bool {
	var decoys [2]signal.Decoy
	if t, ours := s.ticketOf(g); ours {
		decoys = signal.Decoys(t.DecoySeed())
	}
	return func(name string) bool {
		return name == FieldTicket || name == FieldProof || name == FieldCapsule || slices.Contains(g.fields, name) ||
			name != "" && (name == decoys[0].Name || name == decoys[1].Name)
	}
}

// strip takes out of the request what our page put into it.
func (s *Submission) strip(g *Guard) {
	submission.Put(s.request, s.body.Without(s.own(g)))
	for _, name := range []string{HeaderTicket, HeaderProof, HeaderCaptcha} {
		delete(s.request.Header, name)
	}
}

// open opens what the body holds sealed for a form.
func (s *Submission) open(g *Guard, form ticket.Form) error {
	if s.sealed != nil && s.sealed.form == form {
		return nil
	}
	c, opens := g.keys.Open(s.body.Capsule(), place(form, s.request, s.ticketText))
	if !opens {
		return errCapsule
	}
	s.sealed = &sealed{Capsule: c, form: form}
	return s.sealed.body.Parse(c.Type, c.Body)
}

// unseal puts what a capsule holds in its place, with errBrowser also where it may not be
// released. A capsule in any other way than a challenge page sends it would leave an empty
// submission.
func (s *Submission) unseal(f *Form) error {
	if !f.config.Transparent {
		return nil
	}
	if s.body.Capsule() == nil {
		if _, count := s.body.Count(FieldCapsule); count > 0 {
			return errCapsule
		}
		return nil
	}
	if err := s.open(f.guard, f.id); err != nil {
		return err
	}
	r, inside := s.request, s.sealed
	submission.Put(r, inside.Body)
	delete(r.Header, "Content-Type")
	if inside.Type != "" {
		r.Header["Content-Type"] = []string{inside.Type}
	}
	outer := s.body
	s.outer, s.body, s.sealed = &outer, inside.body, nil
	switch {
	case int64(len(inside.Body)) > f.config.MaxBody:
		return submission.ErrTooLarge
	case inside.Browser != ticket.BrowserOf(r):
		return errBrowser
	}
	return nil
}

// maxUnticketed is the most that is sealed for a visitor who showed no ticket of ours:
// enough for a form that was typed, not for an upload.
const maxUnticketed = 64 << 10

// seal returns the capsule of the submission for a page with a ticket, or nil where there
// may be none.
func (s *Submission) seal(f *Form, page, browser string) []byte {
	body := s.body.Without(s.own(f.guard))
	_, ours := s.ticketOf(f.guard)
	if int64(len(body)) > f.config.MaxBody || !ours && len(body) > maxUnticketed {
		return nil
	}
	c := ticket.Capsule{Browser: browser, Type: strings.Join(s.request.Header["Content-Type"], ""), Body: body}
	return f.guard.keys.Seal(c, place(f.id, s.request, page))
}

func place(form ticket.Form, r *http.Request, page string) ticket.Place {
	return ticket.Place{Form: form, Method: r.Method, Target: r.RequestURI, Ticket: page}
}

// bodyLimit is how much of a body is read: more where it brings a capsule.
func (f *Form) bodyLimit(r *http.Request) int64 {
	if !f.config.Transparent {
		return f.config.MaxBody
	}
	return submission.Limit(r, f.config.MaxBody)
}
