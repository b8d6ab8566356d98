package engine

import (
	"bytes"
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// PolicyOf returns the Content-Security-Policy of an answer.
func PolicyOf(a *Answer) string { return a.Header.Get("Content-Security-Policy") }

// Directive returns the sources of the first of the named directives that a policy has.
func Directive(policy string, names ...string) string {
	for _, name := range names {
		for part := range strings.SplitSeq(policy, ";") {
			if first, rest, _ := strings.Cut(strings.TrimSpace(part), " "); strings.EqualFold(first, name) {
				return rest
			}
		}
	}
	return ""
}

// Field is a field of a form, or a header.
type Field struct{ Name, Value string }

// Fields returns fields from their names and values, in turn.
func Fields(pairs ...string) (fields []Field) {
	for pair := range slices.Chunk(pairs, 2) {
		fields = append(fields, Field{pair[0], pair[1]})
	}
	return fields
}

// Input is a control of a form, as it is in the page.
type Input struct {
	Kind, Name, Value string
	required, Hidden  bool // hidden: people do not see it, though it is not type=hidden
	skipped           bool // the Tab key skips it
	InlineHidden      bool
	Autocomplete      string
	Tabindex          string
	options           []string
}

// Form is one form of a page.
type Form struct {
	action, Method, enctype, id string
	Inputs                      []Input
}

// Page is a page as one visitor received it.
type Page struct {
	URL     *url.URL
	Answer  *Answer
	Cookies map[string]string
	From    netip.Addr
	got     time.Time

	forms   []Form
	Form    *Form    // the form under audit
	Scripts []string // src of the scripts
	links   []string
	Inline  string // text of the inline scripts

	widget, sitekey, action string // of the service whose widget is on the page
	Challenge               []byte // challenge of our own embedded captcha
}

// TakeCookies puts the cookies that an answer sets into a jar.
func TakeCookies(jar map[string]string, a *Answer) {
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(jar, c.Name)
		}
	}
}

// widgets are the marks that show which service's widget is in a page.
var widgets = map[string]string{
	"cf-turnstile": "turnstile", "h-captcha": "hcaptcha", "g-recaptcha": "recaptcha-v2", "frc-captcha": "friendly-v2",
	"smart-captcha": "yandex-smartcaptcha", "private-captcha": "private-captcha", "mtcaptcha": "mtcaptcha", "palisade-captcha": "palisade-service",
}

// read finds the forms, scripts and links of a page.
func (pg *Page) read() error {
	root, err := html.Parse(bytes.NewReader(pg.Answer.Body))
	if err != nil {
		return err
	}
	pg.walk(root, nil, false)
	return nil
}

func (pg *Page) walk(n *html.Node, in *Form, hidden bool) {
	if n.Type == html.ElementNode {
		hidden = hidden || hides(n)
		if n.Data == "form" {
			pg.forms = append(pg.forms, Form{action: attr(n, "action"), Method: strings.ToUpper(attr(n, "method")), enctype: attr(n, "enctype"), id: attr(n, "id")})
			at := len(pg.forms) - 1
			own := pg.forms[at]
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				pg.walk(c, &own, hidden)
			}
			pg.forms[at].Inputs = own.Inputs
			return
		}
		pg.element(n, in, hidden)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		pg.walk(c, in, hidden)
	}
}

func (pg *Page) element(n *html.Node, in *Form, hidden bool) {
	for _, class := range strings.Fields(attr(n, "class")) {
		if service, known := widgets[class]; known && pg.widget == "" {
			pg.widget, pg.sitekey, pg.action = service, attr(n, "data-sitekey"), attr(n, "data-action")
		}
	}
	if text := attr(n, "data-palisade-challenge"); text != "" {
		pg.Challenge, pg.widget = []byte(text), "palisade"
	}
	switch n.Data {
	case "script":
		if src := attr(n, "src"); src != "" {
			pg.Scripts = append(pg.Scripts, src)
		} else if n.FirstChild != nil {
			pg.Inline += n.FirstChild.Data + "\n"
		}
	case "a":
		pg.links = append(pg.links, attr(n, "href"))
	case "input", "textarea", "select", "button":
		if in != nil && attr(n, "name") != "" {
			in.Inputs = append(in.Inputs, control(n, hidden))
		}
	}
}

func control(n *html.Node, hidden bool) Input {
	i := Input{
		Kind: strings.ToLower(attr(n, "type")), Name: attr(n, "name"), Value: attr(n, "value"), Hidden: hidden, skipped: attr(n, "tabindex") == "-1",
		Autocomplete: attr(n, "autocomplete"), Tabindex: attr(n, "tabindex"), InlineHidden: hidesInline(n) || n.Parent != nil && hidesInline(n.Parent),
	}
	_, i.required = find(n, "required")
	switch n.Data {
	case "input":
	case "button":
		i.Kind = cmp.Or(i.Kind, "submit")
	default:
		i.Kind = n.Data
	}
	if n.Data == "textarea" && n.FirstChild != nil {
		i.Value = n.FirstChild.Data
	}
	if n.Data == "select" {
		for option := range n.Descendants() {
			if option.Type == html.ElementNode && option.Data == "option" {
				value, said := find(option, "value")
				if !said && option.FirstChild != nil {
					value = strings.TrimSpace(option.FirstChild.Data)
				}
				i.options = append(i.options, value)
			}
		}
	}
	return i
}

// hides reports whether an element hides itself from people. It does not know the style
// sheets.
func hides(n *html.Node) bool {
	_, hidden := find(n, "hidden")
	return hidden || attr(n, "aria-hidden") == "true" || hidesInline(n)
}

func hidesInline(n *html.Node) bool {
	style := strings.ReplaceAll(strings.ToLower(attr(n, "style")), " ", "")
	for _, way := range []string{"display:none", "visibility:hidden", "left:-", "top:-", "opacity:0", "height:0", "width:0", "text-indent:-"} {
		if strings.Contains(style, way) {
			return true
		}
	}
	return false
}

func find(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func attr(n *html.Node, name string) string { v, _ := find(n, name); return v }
