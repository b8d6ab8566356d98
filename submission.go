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
// the same fields. All doors judge submissions, see [Form.Judge].
type Submission struct {
	request *http.Request
	read    bool                   // body and err are known
	given   bool                   // a program has read the fields: there are no bytes
	whole   bool                   // no session stands for it
	opens   bool                   // it opens a session, and has no effect of its own
	err     error                  // why the submission is not judged
	body    submission.Submission  // as the app is to get it, with our own fields
	outer   *submission.Submission // the form that brought body sealed
	sealed  *sealed                // the sealed submission in the body, until it takes the body's place
	beside  names.Query            // names in the query and in cookies, for Text

	taken     []taken // of limits that the app's answer settles
	effect    Effect  // as the app's handler says, if settled
	settled   bool
	corrected bool // the form is shown again
	cost      int  // as the app's handler says, if costed
	costed    bool

	ticketText, proofText string // as sent; claims, not facts
	reportText            string // behind the proof
	inHeader              bool   // the ticket is: a script sent it
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

// reportMark stands between the proof and the report of the page's script, see
// signal.Report. They share a field, so that whatever carries proofs carries reports.
const reportMark = "."

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
// isJSON says that the fields are members of a JSON object. Fields about which readers
// may disagree are refused when the submission is judged.
func Submitted(r *http.Request, fields []Field, isJSON bool) *Submission {
	s := &Submission{request: r, read: true, given: true, beside: besideBody(r)}
	s.body, s.err = submission.Of(fields, isJSON)
	return s
}

// Whole makes a form read the body also where a session would let it through unread. It
// returns the submission.
func (s *Submission) Whole() *Submission {
	s.whole = true
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

// readFor reads the submission for a form, and the fields that decide.
func (s *Submission) readFor(f *Form) {
	if !s.read {
		read := s.body.Read
		if f.config.Sessions && s.inHeaders() {
			read = s.body.ReadAny // the fields of such a request do not matter
		}
		s.read, s.err = true, read(s.request, f.bodyLimit(s.request), f.config.MaxFields)
	} else if s.err == nil {
		s.err = s.fits(f)
	}
	if s.err == nil {
		s.err = s.take(f)
	}
}

// fits returns an error for a submission that was read for any form and that this form
// does not take.
func (s *Submission) fits(f *Form) error {
	limit := f.config.MaxBody
	if s.body.Capsule() != nil && f.config.Transparent {
		limit = submission.SealedLimit(limit)
	}
	switch {
	case int64(s.body.Size()) > limit:
		return submission.ErrTooLarge
	case s.body.Other() && !(f.config.Sessions && s.inHeaders()):
		return submission.ErrUnsupported
	}
	return s.body.Fits(f.config.MaxFields)
}

// take takes out the fields that decide. Each may come once, and in one place.
func (s *Submission) take(f *Form) (err error) {
	query := names.OfQuery(s.request.URL.RawQuery)
	if s.ticketText, err = s.body.OneOf(FieldTicket, HeaderTicket, s.request, query); err != nil {
		return err
	}
	s.inHeader = len(s.request.Header[HeaderTicket]) > 0
	if s.proofText, err = s.body.OneOf(FieldProof, HeaderProof, s.request, query); err != nil {
		return err
	}
	s.proofText, s.reportText, _ = strings.Cut(s.proofText, reportMark)
	for _, name := range f.answers {
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

// reply returns the value in the field of a kind of challenge, or in the header.
func (s *Submission) reply(field string) string {
	from := &s.body
	if s.outer != nil {
		from = s.outer
	}
	value, _ := from.OneOf(field, HeaderCaptcha, s.request, nil) // take has refused ambiguous fields
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
func (s *Submission) own(g *Guard, answers []string) func(name string) bool {
	var decoys [2]signal.Decoy
	if t, ours := s.ticketOf(g); ours {
		decoys = signal.Decoys(t.DecoySeed())
	}
	shown := s.shownDecoys(g)
	return func(name string) bool {
		return name == FieldTicket || name == FieldProof || name == FieldCapsule || slices.Contains(answers, name) ||
			name != "" && (name == decoys[0].Name || name == decoys[1].Name || name == shown[0].Name || name == shown[1].Name)
	}
}

// shownDecoys returns the decoys of the page's own ticket, where a script sends all fields
// of the page's form beside a ticket in the header.
func (s *Submission) shownDecoys(g *Guard) (decoys [2]signal.Decoy) {
	if text, count := s.body.Count(FieldTicket); s.inHeader && count == 1 {
		if t, ours := g.keys.Parse(text); ours {
			decoys = signal.Decoys(t.DecoySeed())
		}
	}
	return decoys
}

// hide takes everything of ours out of a request for a handler that is not to see it. The
// fields stay where the body is not read: of a session, of an exempt client, or of a body
// that was watched and is not to be read.
func (s *Submission) hide(f *Form) {
	if s.read && s.err == nil {
		s.strip(f.guard, f.answers)
	}
	s.stripHeaders()
}

// strip takes our own fields and headers out of the request.
func (s *Submission) strip(g *Guard, answers []string) {
	if !s.given {
		submission.Put(s.request, s.body.Without(s.own(g, answers)))
	}
	s.stripHeaders()
}

func (s *Submission) stripHeaders() {
	for _, name := range []string{HeaderTicket, HeaderProof, HeaderCaptcha} {
		delete(s.request.Header, name)
	}
}

// open opens the sealed submission in the body, for a form.
func (s *Submission) open(g *Guard, form ticket.Form) error {
	if s.sealed != nil && s.sealed.form == form {
		return nil
	}
	here := place(form, s.request, s.ticketText)
	c, opens := g.keys.Open(s.body.Capsule(), here)
	if !opens {
		if here.Target, opens = s.sentTo(g, form); opens {
			c, opens = g.keys.Open(s.body.Capsule(), here)
		}
	}
	if !opens {
		return errCapsule
	}
	s.sealed = &sealed{Capsule: c, form: form}
	return s.sealed.body.Parse(c.Type, c.Body, g.mostFields())
}

// sentTo returns the target that the submission was sealed for and sent to, if a redirect of
// the app has led it here.
func (s *Submission) sentTo(g *Guard, form ticket.Form) (target string, ok bool) {
	t, ours := s.ticketOf(g)
	f := g.formByID(form)
	if !ours || f == nil {
		return "", false
	}
	return f.recent.Sent(t.Nonce, s.request.Method, s.request.URL, g.config.Clock())
}

// unseal puts the content of a capsule in the place of the body. With errBrowser the
// content is there, and may not be released. A capsule in any other way than a challenge
// page sends it would leave an empty submission.
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
	r, inside := s.request, s.sealed // strip puts the body in its place
	delete(r.Header, "Content-Type")
	if inside.Type != "" {
		r.Header["Content-Type"] = []string{inside.Type}
	}
	outer := s.body
	s.outer, s.body, s.sealed = &outer, inside.body, nil
	switch {
	case int64(len(inside.Body)) > f.config.MaxBody:
		return submission.ErrTooLarge
	case inside.Browser != ticket.BrowserOf(r, f.guard.browser):
		return errBrowser
	}
	return s.body.Fits(f.config.MaxFields)
}

// maxUnticketed is the most that is sealed for a visitor who showed no ticket of ours:
// enough for a form that was typed, not for an upload.
const maxUnticketed = 64 << 10

// seal returns the capsule of the submission for a page with a ticket, or nil where there
// may be none.
func (s *Submission) seal(f *Form, page, browser string) []byte {
	if s.given {
		return nil // there are no bytes to seal
	}
	body := s.body.Without(s.own(f.guard, f.answers))
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

// Read reads the body of a request, up to limit bytes, and puts it back, also where it is
// longer or cannot be read; then it returns an error. It is for programs that choose a
// form by a field of the body. The form then judges the submission without reading it
// again. A body that is neither a form nor JSON has no fields.
//
// Of a challenge page's form it reads the sealed submission: the form is the same as when
// it was sealed.
func (g *Guard) Read(r *http.Request, limit int64) (*Submission, error) {
	s := &Submission{request: r, read: true, beside: besideBody(r)}
	if s.err = s.body.ReadAny(r, submission.Limit(r, limit), g.mostFields()); s.err == nil && s.body.Capsule() != nil {
		s.err = s.openAny(g)
	}
	if s.err != nil {
		return nil, s.err
	}
	return s, nil
}

// openAny opens the sealed submission in the body, for the form that its ticket names.
func (s *Submission) openAny(g *Guard) (err error) {
	s.ticketText, err = s.body.OneOf(FieldTicket, HeaderTicket, s.request, names.OfQuery(s.request.URL.RawQuery))
	if err != nil {
		return err
	}
	t, ours := s.ticketOf(g)
	if !ours {
		return errCapsule
	}
	return s.open(g, t.Form)
}

// besideBody returns the names that apps look up together with the fields of a body:
// parameters of the query, and cookies, which PHP takes in by default.
func besideBody(r *http.Request) names.Query {
	return append(names.OfQuery(r.URL.RawQuery), names.OfCookies(r.Header)...)
}

// Text returns the text of a field of a form, or of a member at the top of a JSON object.
// known is false where readers may disagree. The field is there twice, or in the query or
// a cookie, or under a name that some parser takes for it. Or it is no text, or stands
// beside a sealed submission. Or a reader who ignores the content type finds it in the
// body.
func (s *Submission) Text(name string) (text string, found, known bool) {
	if !s.read {
		return "", false, false
	}
	if s.sealed != nil {
		if _, count := s.body.Count(name); count > 0 {
			return "", false, false
		}
	}
	inside := s.inside()
	text, err := inside.One(name, s.beside)
	if err != nil || inside.IsElsewhere(name) {
		return "", false, false
	}
	_, count := inside.Count(name)
	return text, count > 0, true
}

// Names returns the names of all fields of a form, or of all members at the top of a
// JSON object, as they were sent.
func (s *Submission) Names() (list []string) {
	for _, f := range s.inside().Fields() {
		list = append(list, f.Name)
	}
	return list
}

// JSON reports a JSON object.
func (s *Submission) JSON() bool { return s.inside().JSON() }

// Sealed reports whether the body holds a sealed submission, which only the handler of
// its form opens.
func (s *Submission) Sealed() bool { return s.sealed != nil }

// inside returns the sealed submission in the body, or the body.
func (s *Submission) inside() *submission.Submission {
	if s.sealed != nil {
		return &s.sealed.body
	}
	return &s.body
}

// Strip takes our own fields and headers out of a request that turns out to be for no
// form. Without a ticket of ours nothing in the request is ours.
func (s *Submission) Strip(g *Guard) {
	s.ticketText, _ = s.body.OneOf(FieldTicket, HeaderTicket, s.request, nil)
	s.inHeader, s.parsed = len(s.request.Header[HeaderTicket]) > 0, false
	if _, ours := s.ticketOf(g); ours {
		s.strip(g, g.fields)
	}
}
