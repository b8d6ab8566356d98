package web

import (
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/challenge"
)

//go:embed templates
var templateFiles embed.FS

// templates are parsed before the first page is written.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"url": URL}).ParseFS(templateFiles, "templates/*.html"))
})

// Why is the reason for one more step, as the page explains it. It describes only what
// people can see, and never reveals the check.
type Why uint8

const (
	// WhyCheck asks for a confirmation. It is the zero value.
	WhyCheck Why = iota
	// WhyExpired says that the form was open for too long.
	WhyExpired
	// WhySpent says that the form was sent before.
	WhySpent
	// WhyDown says that the app could not be reached, and nothing was sent.
	WhyDown
)

// Field is a field of the submission.
type Field struct{ Name, Value string }

// ChallengePage asks for one more step and then sends a submission again. It contains
// the whole submission, including passwords. So send it with "Cache-Control: no-store",
// with the policy of [ChallengePage.CSP] and with "Referrer-Policy: same-origin"
// ("no-referrer" makes browsers send "Origin: null").
type ChallengePage struct {
	Lang string // as from Lang; unknown ones are English
	Base string // path of Handler, "/.palisade/"
	Why  Why
	ID   string // shown, to be quoted
	Site string // the site's public host, shown above; empty, or none: no such line
	Back string // where the link back leads, as from Back; empty: the first page

	Parents []string // who may frame the page, as in frame-ancestors; none: 'self'

	Form    string   // name of the form
	Action  string   // where the submission is sent, path and query
	Enctype string   // "multipart/form-data" or empty; set by Files
	Fields  []Field  // the submission's fields, in the order in which they were sent
	Files   []string // names of file inputs; their files must be chosen again
	Capsule []byte   // the sealed submission, instead of Fields and Files
	Session string   // where the page opens a session; then the browser loads Action, and nothing is sent

	Ticket    string
	Expires   int64  // end of the ticket, Unix milliseconds
	Wait      int64  // milliseconds until the ticket is old enough
	Challenge string // JSON of the embedded challenge; empty: none, and the page needs no script

	Widget *challenge.Widget // the captcha of a service
	Prompt template.HTML     // another question; without Widget and Prompt the page has the embedded visible step
}

// CSP returns the policy that the page needs.
func (p *ChallengePage) CSP() string {
	var sources []string
	if p.Widget != nil {
		sources = p.Widget.Sources
	}
	return policy(sources, p.Parents)
}

// Write writes the page. Errors come from w.
func (p *ChallengePage) Write(w io.Writer) error {
	view := challengeView{ChallengePage: p, T: textsOf(p.Lang), Place: place{p.Site, p.Back}}
	if err := templates().ExecuteTemplate(w, "challenge-top", view); err != nil {
		return err
	}
	if err := p.writeCapsule(w); err != nil {
		return err
	}
	return templates().ExecuteTemplate(w, "challenge-rest", view)
}

// writeCapsule writes the capsule field. It must be first in the form, so that the first
// bytes of the submission identify it. It can have many megabytes, so it is written
// without the template.
func (p *ChallengePage) writeCapsule(w io.Writer) error {
	if p.Capsule == nil {
		return nil
	}
	if _, err := io.WriteString(w, `<input type="hidden" name="palisade-capsule" value="`); err != nil {
		return err
	}
	text := base64.NewEncoder(base64.RawURLEncoding, w)
	if _, err := text.Write(p.Capsule); err != nil {
		return err
	}
	if err := text.Close(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\">\n")
	return err
}

// challengeView is the data of the template of a challenge page.
type challengeView struct {
	*ChallengePage
	T     *texts
	Place place
}

// Box reports whether the step is the embedded one, which is a box to tick.
func (v challengeView) Box() bool { return v.Challenge != "" && v.Widget == nil && v.Prompt == "" }

func (v challengeView) Reason() string {
	switch v.Why {
	case WhyExpired:
		return v.T.Expired
	case WhySpent:
		return v.T.Spent
	case WhyDown:
		return v.T.Down
	}
	return v.T.Check
}

func (v challengeView) FormType() string {
	if len(v.Files) > 0 || v.Capsule != nil {
		return "multipart/form-data"
	}
	return v.Enctype
}

// NoticeKind is the subject of a notice.
type NoticeKind uint8

const (
	// NoticeDenied says that the submission was not accepted. It is the zero value.
	NoticeDenied NoticeKind = iota
	// NoticeLimited says that there were too many, and when to try again.
	NoticeLimited
	// NoticeUnreadable says that the submission could not be read.
	NoticeUnreadable
	// NoticeTooLarge says that it was too large.
	NoticeTooLarge
	// NoticeUnavailable says that it cannot be checked right now.
	NoticeUnavailable
	// NoticeReceived says that the same submission was accepted before.
	NoticeReceived
	// NoticeDown says that the app gave no answer.
	NoticeDown
	// NoticeInsecure says that the check needs HTTPS.
	NoticeInsecure
	// NoticeAddress says that the address is not one of the site's.
	NoticeAddress
	// NoticeRequest says that the request could not be understood, form or not.
	NoticeRequest
)

// noticeNames are the names of the kinds in the files of texts.
var noticeNames = [...]string{
	NoticeDenied: "denied", NoticeLimited: "limited", NoticeUnreadable: "unreadable", NoticeTooLarge: "too_large",
	NoticeUnavailable: "unavailable", NoticeReceived: "received", NoticeDown: "down", NoticeInsecure: "insecure",
	NoticeAddress: "address", NoticeRequest: "request",
}

// Notice is a page without a way on. The browser's Back button brings back the form with
// all input. The link of the page opens an empty form. Send it with the policy of [CSP].
type Notice struct {
	Kind       NoticeKind
	Lang       string        // as from Lang; unknown ones are English
	Base       string        // where Handler is, "/.palisade/"
	ID         string        // shown, to be quoted; empty: none
	Site       string        // the site's public host, shown above; empty, or none: no such line
	Back       string        // where the link back leads, as from Back; empty: the first page
	Parents    []string      // who may frame the page, as in frame-ancestors; none: 'self'
	RetryAfter time.Duration // for NoticeLimited; 0: a few minutes
}

// Write writes the page. Errors come from w.
func (n Notice) Write(w io.Writer) error {
	return templates().ExecuteTemplate(w, "notice.html", noticeView{Notice: n, T: textsOf(n.Lang), Place: place{n.Site, n.Back}})
}

// Serve answers a request with the notice.
func (n Notice) Serve(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy(nil, n.Parents))
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = n.Write(w) // an error means that the client has gone away
}

// noticeView is the data of the template of a notice.
type noticeView struct {
	Notice
	T     *texts
	Place place
}

// Leads reports whether a link to the site leads anywhere.
func (v noticeView) Leads() bool { return v.Kind != NoticeAddress }

func (v noticeView) Text() notice {
	kind := v.Kind
	if int(kind) >= len(noticeNames) {
		kind = NoticeDenied
	}
	return v.T.Notices[noticeNames[kind]]
}

// When returns the text about how long to wait, or "".
func (v noticeView) When() string {
	if v.Kind != NoticeLimited {
		return ""
	}
	return v.T.wait(v.RetryAfter)
}
