package engine

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Traps returns the fields of the form that people leave as they are. Their names may
// be others on each page.
func (p *Probe) Traps(pg *Page) (names []string) {
	for _, i := range pg.Form.Inputs {
		if p.IsTrap(i) {
			names = append(names, i.Name)
		}
	}
	return names
}

// PolicyOf returns the Content-Security-Policy of an answer.
func PolicyOf(a *Answer) string { return a.Header.Get("Content-Security-Policy") }

// Directive returns the sources of the first directive that the policy has.
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

// Field is a field of a form, in its place.
type Field struct{ Name, Value string }

// Input is a control of a form as the page has it.
type Input struct {
	Kind, Name, Value string
	required, Hidden  bool // hidden: from people, though it is not type=hidden
	skipped           bool // by the keyboard
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

// Page is a page as one visitor got it.
type Page struct {
	URL     *url.URL
	Answer  *Answer
	Cookies map[string]string
	From    netip.Addr
	got     time.Time

	forms   []Form
	Form    *Form    // the one that is audited
	Scripts []string // src of its scripts
	links   []string
	Inline  string // text of its inline scripts

	widget, sitekey, action string // service whose widget is on the page
	Challenge               []byte // of our own embedded captcha
}

// maxRedirects is how many redirects to the page are followed.
const maxRedirects = 5

// Fetch gets the page as a new visitor.
func (p *Probe) Fetch(ctx context.Context, address *url.URL, from netip.Addr, cookies map[string]string) (*Page, error) {
	pg := &Page{URL: address, From: from, Cookies: map[string]string{}}
	for _, c := range p.Spec.Cookies {
		pg.Cookies[c.Name] = c.Value
	}
	maps.Copy(pg.Cookies, cookies)
	for range maxRedirects + 1 {
		s := &Shot{Method: http.MethodGet, Target: pg.URL.RequestURI(), Host: pg.URL.Host, From: from, Cookies: pg.Cookies}
		s.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		p.give(s)
		a, err := p.Fire(ctx, s)
		if err != nil {
			return nil, err
		}
		TakeCookies(pg.Cookies, a)
		pg.Answer = a
		if a.Status/100 != 3 || a.Header.Get("Location") == "" {
			pg.got = time.Now()
			return pg, pg.read()
		}
		next, err := pg.URL.Parse(a.Header.Get("Location"))
		if err != nil || next.Host != p.Target.Host {
			return nil, fmt.Errorf("the page redirects to another host: %s", a.Header.Get("Location"))
		}
		pg.URL = next
	}
	return nil, fmt.Errorf("the page redirects more than %d times", maxRedirects)
}

// TakeCookies puts the cookies that an answer sets into a jar.
func TakeCookies(jar map[string]string, a *Answer) {
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(jar, c.Name)
		}
	}
}

// widgets are the marks by which a service's widget is known in a page.
var widgets = map[string]string{
	"cf-turnstile": "turnstile", "h-captcha": "hcaptcha", "g-recaptcha": "recaptcha-v2", "frc-captcha": "friendly-v2",
	"smart-captcha": "yandex-smartcaptcha", "private-captcha": "private-captcha", "mtcaptcha": "mtcaptcha", "palisade-captcha": "palisade-service",
}

// read takes what is of interest out of a page.
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

// hides reports an element that people do not see, as far as the element itself says.
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

// Honeypots are the words by which a field is known that only programs fill in, when
// the page hides it where no attribute tells.
var Honeypots = []string{"honeypot", "honey", "hp_", "_gotcha", "bot-field", "bot_field", "botcheck", "leave_blank", "leave-blank"}

// IsTrap reports a field that people leave empty.
func (p *Probe) IsTrap(i Input) bool {
	if slices.Contains(p.Spec.LeaveEmpty, i.Name) {
		return true
	}
	if i.Kind == "hidden" || i.Kind == "submit" {
		return false
	}
	return i.Hidden || i.skipped || slices.ContainsFunc(Honeypots, func(word string) bool { return strings.Contains(strings.ToLower(i.Name), word) })
}

// choose picks the form to audit: the one that was named, or else the first that
// posts and has most to fill in.
func (p *Probe) choose(pg *Page) error {
	var best *Form
	for i := range pg.forms {
		f := &pg.forms[i]
		if want := p.Spec.Form; want != "" {
			if "#"+f.id == want || p.actionOf(pg, f).Path == want {
				best = f
				break
			}
			continue
		}
		if f.Method == http.MethodPost && (best == nil || len(f.Inputs) > len(best.Inputs)) {
			best = f
		}
	}
	if best == nil && p.Spec.Action != "" { // the page posts with a script, or is none
		best = &Form{action: p.Spec.Action, Method: http.MethodPost}
	}
	if best == nil && p.Spec.Form != "" {
		return fmt.Errorf("%s has no form %s: it has %d forms; name one with -form '#id' or -form /path/it/posts/to", pg.URL, p.Spec.Form, len(pg.forms))
	}
	if best == nil {
		return fmt.Errorf("%s has no form that posts (it answered %d): give the page with the form, or say with -action where it posts to and with -field what", pg.URL, pg.Answer.Status)
	}
	pg.Form = best
	return nil
}

// actionOf resolves where a form posts to.
func (p *Probe) actionOf(pg *Page, f *Form) *url.URL {
	action := f.action
	if p.Spec.Action != "" {
		action = p.Spec.Action
	}
	u, err := pg.URL.Parse(action)
	if err != nil || action == "" {
		return pg.URL
	}
	return u
}

// Fill makes what a person would have typed.
func (p *Probe) Fill(pg *Page, f *Form, canary string) []Field {
	var fields []Field
	radios := map[string]bool{}
	pressed := false
	for _, i := range f.Inputs {
		if p.IsTrap(i) {
			if i.Kind != "file" && i.Kind != "checkbox" && i.Kind != "radio" {
				fields = append(fields, Field{i.Name, i.Value}) // untouched, as a browser does
			}
			continue
		}
		switch i.Kind {
		case "hidden":
			fields = append(fields, Field{i.Name, i.Value})
		case "submit":
			if !pressed { // the first button, as with the enter key
				fields, pressed = append(fields, Field{i.Name, i.Value}), true
			}
		case "button", "image", "reset", "file":
		case "radio", "checkbox":
			if i.Kind == "radio" && radios[i.Name] {
				continue
			}
			radios[i.Name] = true
			if i.Value == "" {
				i.Value = "on"
			}
			fields = append(fields, Field{i.Name, i.Value})
		case "select":
			fields = append(fields, Field{i.Name, firstFilled(i.options)})
		default:
			fields = append(fields, Field{i.Name, typed(i, canary)})
		}
	}
	for _, set := range p.Spec.Fields {
		fields = setField(fields, set.Name, strings.ReplaceAll(set.Value, "{canary}", canary))
	}
	return slices.DeleteFunc(fields, func(f Field) bool { return slices.Contains(p.TokenFields, f.Name) })
}

func firstFilled(options []string) string {
	for _, o := range options {
		if o != "" {
			return o
		}
	}
	return ""
}

// typed is what a person types into a field, with the canary wherever it fits.
func typed(i Input, canary string) string {
	name := strings.ToLower(i.Name)
	switch {
	case i.Kind == "email" || strings.Contains(name, "mail"):
		return canary + "@example.org"
	case i.Kind == "password" || strings.Contains(name, "passw"):
		return "Horse-battery-7-staple"
	case i.Kind == "number" || i.Kind == "range":
		return "7"
	case i.Kind == "tel" || strings.Contains(name, "phone"):
		return "+15005550006"
	case i.Kind == "url":
		return "https://example.org/" + canary
	case i.Kind == "date":
		return "1990-05-17"
	case i.Value != "" && i.Kind != "text" && i.Kind != "" && i.Kind != "textarea":
		return i.Value
	}
	return canary
}

func setField(fields []Field, name, value string) []Field {
	for i := range fields {
		if fields[i].Name == name {
			fields[i].Value = value
			return fields
		}
	}
	return append(fields, Field{name, value})
}
