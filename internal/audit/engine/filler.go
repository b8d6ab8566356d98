package engine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Filler chooses the form of a page and fills it in as a person would.
type Filler struct {
	TokenFields []string // fields in which the widget leaves its token

	spec   *Spec
	target *url.URL
	random *rand.Rand
}

// choose picks the form to audit: the named one, or else the POST form with the most fields
// to fill in.
func (fi *Filler) choose(pg *Page) error {
	var best *Form
	for i := range pg.forms {
		f := &pg.forms[i]
		if want := fi.spec.Form; want != "" {
			if "#"+f.id == want || fi.actionOf(pg, f).Path == want {
				best = f
				break
			}
			continue
		}
		if f.Method == http.MethodPost && (best == nil || len(f.Inputs) > len(best.Inputs)) {
			best = f
		}
	}
	if best == nil && fi.spec.Action != "" { // the page posts with a script, or the answer is no page
		best = &Form{action: fi.spec.Action, Method: http.MethodPost}
	}
	if best == nil && fi.spec.Form != "" {
		return fmt.Errorf("%s has no form %s: it has %d forms; name one with -form '#id' or -form /path/it/posts/to", pg.URL, fi.spec.Form, len(pg.forms))
	}
	if best == nil {
		return fmt.Errorf("%s has no form that posts (it answered %d): give the page with the form, or say with -action where it posts to and with -field what", pg.URL, pg.Answer.Status)
	}
	pg.Form = best
	return nil
}

// actionOf resolves the URL that a form posts to.
func (fi *Filler) actionOf(pg *Page, f *Form) *url.URL {
	action := f.action
	if fi.spec.Action != "" {
		action = fi.spec.Action
	}
	u, err := pg.URL.Parse(action)
	if err != nil || action == "" {
		return pg.URL
	}
	return u
}

// Fill returns the fields of a form as a person would send them, without a token.
func (fi *Filler) Fill(pg *Page, f *Form, canary string) []Field {
	var fields []Field
	radios := map[string]bool{}
	pressed := false
	for _, i := range f.Inputs {
		if fi.IsTrap(i) {
			if i.Kind != "file" && i.Kind != "checkbox" && i.Kind != "radio" {
				fields = append(fields, Field{i.Name, i.Value}) // untouched, as a browser does
			}
			continue
		}
		switch i.Kind {
		case "hidden":
			fields = append(fields, Field{i.Name, i.Value})
		case "submit":
			if !pressed { // the first button, as a browser does for the Enter key
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
	for _, set := range fi.spec.Fields {
		fields = setField(fields, set.Name, strings.ReplaceAll(set.Value, "{canary}", canary))
	}
	return slices.DeleteFunc(fields, func(f Field) bool { return slices.Contains(fi.TokenFields, f.Name) })
}

// IsTrap reports whether a person leaves a field empty.
func (fi *Filler) IsTrap(i Input) bool {
	if slices.Contains(fi.spec.LeaveEmpty, i.Name) {
		return true
	}
	if i.Kind == "hidden" || i.Kind == "submit" {
		return false
	}
	return i.Hidden || i.skipped || slices.ContainsFunc(Honeypots, func(word string) bool { return strings.Contains(strings.ToLower(i.Name), word) })
}

// Traps returns the names of the fields that a person does not touch. Each page may have
// other names.
func (fi *Filler) Traps(pg *Page) (names []string) {
	for _, i := range pg.Form.Inputs {
		if fi.IsTrap(i) {
			names = append(names, i.Name)
		}
	}
	return names
}

// Canary returns a text that no other submission has.
func (fi *Filler) Canary() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	b := []byte("pal")
	for range 9 {
		b = append(b, letters[fi.random.IntN(len(letters))])
	}
	return string(b)
}

// Shot makes the submission that a person sends on this page, without a token.
func (fi *Filler) Shot(pg *Page) *Shot {
	canary := fi.Canary()
	action := fi.actionOf(pg, pg.Form)
	s := &Shot{
		Method: "POST", Target: action.RequestURI(), Host: fi.target.Host, From: pg.From, Cookies: maps.Clone(pg.Cookies),
		Encode: EncodeForm, Canary: canary, TokenFields: fi.TokenFields,
	}
	if pg.Form.enctype == "multipart/form-data" {
		s.Encode = EncodeMultipart
	}
	if encode := encodings[fi.spec.Encoding]; encode != nil {
		s.Encode = encode
	}
	s.Fields = fi.Fill(pg, pg.Form, canary)
	s.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	s.Set("Origin", fi.target.Scheme+"://"+fi.target.Host)
	s.Set("Referer", fi.target.String())
	s.Set("Sec-Fetch-Site", "same-origin")
	fi.spec.give(s)
	return s
}

func firstFilled(options []string) string {
	for _, o := range options {
		if o != "" {
			return o
		}
	}
	return ""
}

// typed is the text that a person types into a field, with the canary if the field accepts
// it.
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

// Honeypots are parts of the names of honeypots. A field with such a name is for programs
// alone. They tell a honeypot if no attribute does.
var Honeypots = []string{"honeypot", "honey", "hp_", "_gotcha", "bot-field", "bot_field", "botcheck", "leave_blank", "leave-blank"}
