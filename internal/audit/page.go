package audit

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

// Field is a field of a form, in its place.
type Field struct{ Name, Value string }

// input is a control of a form as the page has it.
type input struct {
	kind, name, value string
	required, hidden  bool // hidden: from people, though it is not type=hidden
	skipped           bool // by the keyboard
	inlineHidden      bool
	autocomplete      string
	tabindex          string
	options           []string
}

// form is one form of a page.
type form struct {
	action, method, enctype, id string
	inputs                      []input
}

// page is a page as one visitor got it.
type page struct {
	url     *url.URL
	answer  *Answer
	cookies map[string]string
	from    netip.Addr
	got     time.Time

	forms   []form
	form    *form    // the one that is audited
	scripts []string // src of its scripts
	links   []string
	inline  string // text of its inline scripts

	widget, sitekey, action string // service whose widget is on the page
	challenge               []byte // of our own embedded captcha
}

// maxRedirects is how many redirects to the page are followed.
const maxRedirects = 5

// fetch gets the page as a new visitor.
func (p *Probe) fetch(ctx context.Context, address *url.URL, from netip.Addr, cookies map[string]string) (*page, error) {
	pg := &page{url: address, from: from, cookies: map[string]string{}}
	for _, c := range p.spec.Cookies {
		pg.cookies[c.Name] = c.Value
	}
	maps.Copy(pg.cookies, cookies)
	for range maxRedirects + 1 {
		s := &Shot{Method: http.MethodGet, Target: pg.url.RequestURI(), Host: pg.url.Host, From: from, Cookies: pg.cookies}
		s.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		p.give(s)
		a, err := p.fire(ctx, s)
		if err != nil {
			return nil, err
		}
		takeCookies(pg.cookies, a)
		pg.answer = a
		if a.Status/100 != 3 || a.Header.Get("Location") == "" {
			pg.got = time.Now()
			return pg, pg.read()
		}
		next, err := pg.url.Parse(a.Header.Get("Location"))
		if err != nil || next.Host != p.target.Host {
			return nil, fmt.Errorf("the page redirects to another host: %s", a.Header.Get("Location"))
		}
		pg.url = next
	}
	return nil, fmt.Errorf("the page redirects more than %d times", maxRedirects)
}

func takeCookies(jar map[string]string, a *Answer) {
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
func (pg *page) read() error {
	root, err := html.Parse(bytes.NewReader(pg.answer.Body))
	if err != nil {
		return err
	}
	pg.walk(root, nil, false)
	return nil
}

func (pg *page) walk(n *html.Node, in *form, hidden bool) {
	if n.Type == html.ElementNode {
		hidden = hidden || hides(n)
		if n.Data == "form" {
			pg.forms = append(pg.forms, form{action: attr(n, "action"), method: strings.ToUpper(attr(n, "method")), enctype: attr(n, "enctype"), id: attr(n, "id")})
			at := len(pg.forms) - 1
			own := pg.forms[at]
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				pg.walk(c, &own, hidden)
			}
			pg.forms[at].inputs = own.inputs
			return
		}
		pg.element(n, in, hidden)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		pg.walk(c, in, hidden)
	}
}

func (pg *page) element(n *html.Node, in *form, hidden bool) {
	for _, class := range strings.Fields(attr(n, "class")) {
		if service, known := widgets[class]; known && pg.widget == "" {
			pg.widget, pg.sitekey, pg.action = service, attr(n, "data-sitekey"), attr(n, "data-action")
		}
	}
	if text := attr(n, "data-palisade-challenge"); text != "" {
		pg.challenge, pg.widget = []byte(text), "palisade"
	}
	switch n.Data {
	case "script":
		if src := attr(n, "src"); src != "" {
			pg.scripts = append(pg.scripts, src)
		} else if n.FirstChild != nil {
			pg.inline += n.FirstChild.Data + "\n"
		}
	case "a":
		pg.links = append(pg.links, attr(n, "href"))
	case "input", "textarea", "select", "button":
		if in != nil && attr(n, "name") != "" {
			in.inputs = append(in.inputs, control(n, hidden))
		}
	}
}

func control(n *html.Node, hidden bool) input {
	i := input{
		kind: strings.ToLower(attr(n, "type")), name: attr(n, "name"), value: attr(n, "value"), hidden: hidden, skipped: attr(n, "tabindex") == "-1",
		autocomplete: attr(n, "autocomplete"), tabindex: attr(n, "tabindex"), inlineHidden: hidesInline(n) || n.Parent != nil && hidesInline(n.Parent),
	}
	_, i.required = find(n, "required")
	switch n.Data {
	case "input":
	case "button":
		i.kind = cmp.Or(i.kind, "submit")
	default:
		i.kind = n.Data
	}
	if n.Data == "textarea" && n.FirstChild != nil {
		i.value = n.FirstChild.Data
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

// honeypots are the words by which a field is known that only programs fill in, when
// the page hides it where no attribute tells.
var honeypots = []string{"honeypot", "honey", "hp_", "_gotcha", "bot-field", "bot_field", "botcheck", "leave_blank", "leave-blank"}

// isTrap reports a field that people leave empty.
func (p *Probe) isTrap(i input) bool {
	if slices.Contains(p.spec.LeaveEmpty, i.name) {
		return true
	}
	if i.kind == "hidden" || i.kind == "submit" {
		return false
	}
	return i.hidden || i.skipped || slices.ContainsFunc(honeypots, func(word string) bool { return strings.Contains(strings.ToLower(i.name), word) })
}

// choose picks the form to audit: the one that was named, or else the first that
// posts and has most to fill in.
func (p *Probe) choose(pg *page) error {
	var best *form
	for i := range pg.forms {
		f := &pg.forms[i]
		if want := p.spec.Form; want != "" {
			if "#"+f.id == want || p.actionOf(pg, f).Path == want {
				best = f
				break
			}
			continue
		}
		if f.method == http.MethodPost && (best == nil || len(f.inputs) > len(best.inputs)) {
			best = f
		}
	}
	if best == nil && p.spec.Action != "" { // the page posts with a script, or is none
		best = &form{action: p.spec.Action, method: http.MethodPost}
	}
	if best == nil && p.spec.Form != "" {
		return fmt.Errorf("%s has no form %s: it has %d forms; name one with -form '#id' or -form /path/it/posts/to", pg.url, p.spec.Form, len(pg.forms))
	}
	if best == nil {
		return fmt.Errorf("%s has no form that posts (it answered %d): give the page with the form, or say with -action where it posts to and with -field what", pg.url, pg.answer.Status)
	}
	pg.form = best
	return nil
}

// actionOf resolves where a form posts to.
func (p *Probe) actionOf(pg *page, f *form) *url.URL {
	action := f.action
	if p.spec.Action != "" {
		action = p.spec.Action
	}
	u, err := pg.url.Parse(action)
	if err != nil || action == "" {
		return pg.url
	}
	return u
}

// fill makes what a person would have typed.
func (p *Probe) fill(pg *page, f *form, canary string) []Field {
	var fields []Field
	radios := map[string]bool{}
	pressed := false
	for _, i := range f.inputs {
		if p.isTrap(i) {
			if i.kind != "file" && i.kind != "checkbox" && i.kind != "radio" {
				fields = append(fields, Field{i.name, i.value}) // untouched, as a browser does
			}
			continue
		}
		switch i.kind {
		case "hidden":
			fields = append(fields, Field{i.name, i.value})
		case "submit":
			if !pressed { // the first button, as with the enter key
				fields, pressed = append(fields, Field{i.name, i.value}), true
			}
		case "button", "image", "reset", "file":
		case "radio", "checkbox":
			if i.kind == "radio" && radios[i.name] {
				continue
			}
			radios[i.name] = true
			if i.value == "" {
				i.value = "on"
			}
			fields = append(fields, Field{i.name, i.value})
		case "select":
			fields = append(fields, Field{i.name, firstFilled(i.options)})
		default:
			fields = append(fields, Field{i.name, typed(i, canary)})
		}
	}
	for _, set := range p.spec.Fields {
		fields = setField(fields, set.Name, strings.ReplaceAll(set.Value, "{canary}", canary))
	}
	return slices.DeleteFunc(fields, func(f Field) bool { return slices.Contains(p.tokenFields, f.Name) })
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
func typed(i input, canary string) string {
	name := strings.ToLower(i.name)
	switch {
	case i.kind == "email" || strings.Contains(name, "mail"):
		return canary + "@example.org"
	case i.kind == "password" || strings.Contains(name, "passw"):
		return "Horse-battery-7-staple"
	case i.kind == "number" || i.kind == "range":
		return "7"
	case i.kind == "tel" || strings.Contains(name, "phone"):
		return "+15005550006"
	case i.kind == "url":
		return "https://example.org/" + canary
	case i.kind == "date":
		return "1990-05-17"
	case i.value != "" && i.kind != "text" && i.kind != "" && i.kind != "textarea":
		return i.value
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
