package palisade_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade"
)

// Text is known where all readers of a body agree about it.
func TestWhatAPeekTells(t *testing.T) {
	guard := newSite(t).guard
	const form, plain, jsonType = "application/x-www-form-urlencoded", "text/plain", "application/json"
	for _, row := range []struct {
		name, kind, query, body string
		text                    string
		found, known            bool
	}{
		{"a field", form, "", "action=list&a=b", "list", true, true},
		{"no field", form, "", "a=b", "", false, true},
		{"a field that is there twice", form, "", "action=list&action=list", "", false, false},
		{"a field, and a parameter", form, "action=list", "action=list", "", false, false},
		{"a parameter alone", form, "action=list", "a=b", "", false, false},
		{"a field under another name, too", form, "", "action=list&[action]=x", "", false, false},
		{"a form that looks like JSON", form, "", `{"action": "list"}=`, "", false, false},
		{"a form that looks like a list", form, "", " \n[=", "", false, false},
		{"nothing", form, "", "", "", false, true},
		{"a member", jsonType, "", `{"action": "list"}`, "list", true, true},
		{"a member that is no text", jsonType, "", `{"action": 1}`, "", false, false},
		{"a member, and JSON that holds a form", jsonType, "", `{"action": "list", "a": "&action=x"}`, "", false, false},
		{"an upload that holds a form", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n&action=x&\r\n--x--\r\n", "", false, false},
		{"an upload", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nlist\r\n--x--\r\n", "list", true, true},
		{"text that nobody reads", plain, "", "hello", "", false, true},
		{"text that somebody may take for a form", plain, "", "action=list", "", false, false},
		{"text that somebody may take for JSON", plain, "", "\ufeff{}", "", false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, _ := http.NewRequest("POST", "/?"+row.query, strings.NewReader(row.body))
			r.Header.Set("Content-Type", row.kind)
			p, err := guard.Read(r, 1000)
			if err != nil {
				t.Fatal(err)
			}
			if text, found, known := p.Text("action"); text != row.text || found != row.found || known != row.known {
				t.Errorf("%q, found %v, known %v", text, found, known)
			}
			if p.JSON() != (row.kind == jsonType) || p.Sealed() {
				t.Errorf("JSON %v, sealed %v", p.JSON(), p.Sealed())
			}
		})
	}
}

// Of a challenge page's form the sealed submission counts. One that does not open is an
// error, and a name beside it a doubt.
func TestAPeekIntoACapsule(t *testing.T) {
	s, _ := transparent(t)
	page := s.postBody("application/x-www-form-urlencoded", "action=list&b=2").Body.String()
	whole := s.fill(page)
	peek := func(change func(url.Values)) (*palisade.Submission, error) {
		v := url.Values{}
		for name, list := range whole {
			v[name] = slices.Clone(list)
		}
		change(v)
		var body strings.Builder
		for _, name := range []string{palisade.FieldCapsule, palisade.FieldTicket, palisade.FieldProof, "action"} {
			for _, value := range v[name] {
				body.WriteString(part(fmt.Sprintf("name=%q", name), value))
			}
		}
		r := httptest.NewRequest("POST", "/signup", strings.NewReader(body.String()+"--stakes--\r\n"))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=stakes")
		return s.guard.Read(r, 1<<20)
	}
	p, err := peek(func(url.Values) {})
	if err != nil {
		t.Fatal(err)
	}
	if text, found, known := p.Text("action"); text != "list" || !found || !known || !p.Sealed() {
		t.Errorf("%q, found %v, known %v, sealed %v", text, found, known, p.Sealed())
	}
	if got := p.Names(); !slices.Equal(got, []string{"action", "b"}) {
		t.Errorf("names %q", got)
	}
	p, err = peek(func(v url.Values) { v.Set("action", "list") })
	if err != nil {
		t.Fatal(err)
	}
	if text, found, known := p.Text("action"); text != "" || found || known {
		t.Errorf("beside the capsule: %q, found %v, known %v", text, found, known)
	}
	for name, change := range map[string]func(url.Values){
		"another capsule": func(v url.Values) { v.Set(palisade.FieldCapsule, strings.Repeat("A", 100)) },
		"no ticket":       func(v url.Values) { v.Del(palisade.FieldTicket) },
		"two tickets":     func(v url.Values) { v.Add(palisade.FieldTicket, "x") },
		"a forged ticket": func(v url.Values) { v.Set(palisade.FieldTicket, strings.Repeat("A", 78)) },
	} {
		if p, err := peek(change); err == nil {
			t.Errorf("%s: taken, as %q", name, p.Names())
		}
	}
}
