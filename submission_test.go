package palisade_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/challenge"
)

// The law: fields that a program has read are judged like the body that it read.
func FuzzSubmitted(f *testing.F) {
	f.Add("email", "a@b.c", "name", "x", false)
	f.Add("email", "a@b.c", "email", "x", false)
	f.Add("email", "a@b.c", "Email", "x", true)
	f.Add("palisade-ticket", "a", "Palisade_Ticket", "x", false)
	f.Add("palisade-capsule", "a", "b", "c", false)
	f.Add("_charset_", "utf-16", "", "", false)
	f.Add("_charset_", "utf-16", "a", "b;c", true)
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string, isJSON bool) {
		for _, text := range []string{name1, value1, name2, value2} {
			if !utf8.ValidString(text) {
				return // what a program has read is text
			}
		}
		s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
			f.Limits = []palisade.Limit{{Rate: 9, Per: time.Hour, By: palisade.ByField("email")}}
		})
		fields := []palisade.Field{{Name: name1, Value: value1}, {Name: name2, Value: value2}}
		request := func(body string) *http.Request {
			r := fromBrowser(httptest.NewRequest("POST", "/signup", strings.NewReader(body)))
			if r.Header.Set("Content-Type", "application/x-www-form-urlencoded"); isJSON {
				r.Header.Set("Content-Type", "application/json")
			}
			return r
		}
		read := s.form.Judge(palisade.Submitted(request(""), fields, isJSON))
		sent := s.form.Check(request(encoded(t, fields, isJSON)))
		if read.Outcome != sent.Outcome || read.Reason != sent.Reason {
			t.Errorf("%+v: read it is %v because %q, sent it is %v because %q", fields, read.Outcome, read.Reason, sent.Outcome, sent.Reason)
		}
	})
}

func encoded(t *testing.T, fields []palisade.Field, isJSON bool) string {
	pieces := make([]string, len(fields))
	for i, f := range fields {
		if !isJSON {
			pieces[i] = url.QueryEscape(f.Name) + "=" + url.QueryEscape(f.Value)
			continue
		}
		name, err := json.Marshal(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		value, err := json.Marshal(f.Value)
		if err != nil {
			t.Fatal(err)
		}
		pieces[i] = string(name) + ":" + string(value)
	}
	if isJSON {
		return "{" + strings.Join(pieces, ",") + "}"
	}
	return strings.Join(pieces, "&")
}

// A program that chooses a form by a field reads a body once. The form judges what was read.
func TestWhatWasReadForAnyFormIsJudged(t *testing.T) {
	for name, test := range map[string]struct {
		maxBody int64
		kind    string
		want    palisade.Reason
	}{
		"a form":                           {1000, "application/x-www-form-urlencoded", palisade.ReasonClean},
		"more than the chosen form takes":  {100, "application/x-www-form-urlencoded", palisade.ReasonTooLarge},
		"a body that the form cannot read": {1000, "text/plain", palisade.ReasonUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.MaxBody = test.maxBody })
			v := typed(s.load())
			s.wait(20 * time.Second)
			r := fromBrowser(httptest.NewRequest("POST", "/signup", strings.NewReader(v.Encode())))
			r.Header.Set("Content-Type", test.kind)
			sub, err := s.guard.Read(r, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			s.form.Serve(w, sub, s.accept)
			if d := s.last(); d.Reason != test.want {
				t.Errorf("%q, want %q", d.Reason, test.want)
			}
			if test.want == palisade.ReasonClean {
				s.expect(w, 303, palisade.ReasonClean, 1)
			}
		})
	}
}

// There are no bytes to seal of fields that a program has read. They must not be lost.
func TestFieldsThatAProgramHasReadAreOnThePage(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Transparent = true })
	sub := palisade.Submitted(fromBrowser(httptest.NewRequest("POST", "/signup", nil)), []palisade.Field{{Name: "email", Value: "ada@example.org"}}, false)
	w := httptest.NewRecorder()
	s.form.Answer(w, sub, s.form.Judge(sub))
	if v := inputsOf(w.Body.String()); v.Get("email") != "ada@example.org" {
		t.Errorf("%d, and the page has %v", w.Code, v)
	}
}

// The page of a door that keeps what was typed to itself holds what that door says.
func TestAnAnswerHoldsTheFieldsOfItsSubmission(t *testing.T) {
	s := newSite(t)
	r := fromBrowser(httptest.NewRequest("POST", "/signup", nil))
	d := s.form.Judge(palisade.Submitted(r, []palisade.Field{{Name: "password", Value: "secret-1"}}, false))
	w := httptest.NewRecorder()
	s.form.Answer(w, palisade.Submitted(r, []palisade.Field{{Name: "typed"}, {Name: "photo", File: true}}, false), d)
	page := w.Body.String()
	if w.Code != 403 || strings.Contains(page, "secret-1") || !strings.Contains(page, `name="typed"`) || !strings.Contains(page, `type="file"`) {
		t.Errorf("%d\n%s", w.Code, page)
	}
}

// A proof shows the work that was signed, and no more. What a kind asks for may have grown
// since a page was shown.
func TestAProofOfLessWorkThanTheKindAsksForIsWeak(t *testing.T) {
	word := func(work challenge.Work) func(*palisade.Config, *palisade.FormConfig) {
		return func(c *palisade.Config, f *palisade.FormConfig) {
			kind := typeTheWord
			kind.Work, f.Ask = work, palisade.Always
			c.Challenges = []challenge.Kind{kind}
		}
	}
	before, after := newSite(t, word(challenge.LightWork)), newSite(t, word(challenge.HardWork))
	page := string(before.form.Fields(fromBrowser(httptest.NewRequest("GET", "/signup", nil))))
	v := typed(before.fill(page))
	v.Set("word", wordIn(t, page))
	before.wait(20 * time.Second)
	after.wait(20 * time.Second)
	after.expect(after.post(v), 403, palisade.ReasonProofWeak, 0)
	before.expect(before.post(v), 303, palisade.ReasonClean, 1)
}

// A submission that was read to find the form has the bound of the form that was found. A
// sealed one is longer than its content, whose length counts.
func TestTheBoundOfTheFormHoldsForWhatWasReadBefore(t *testing.T) {
	const most = 100_000
	read := func(t *testing.T) (s *site) {
		s, _ = transparent(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.MaxBody = most })
		s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sub, err := s.guard.Read(r, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			s.form.Serve(w, sub, s.accept)
		})
		return s
	}
	t.Run("a sealed submission whose text is longer than the bound", func(t *testing.T) {
		s := read(t)
		again, cookie := challenged(t, s, "application/x-www-form-urlencoded", "INJECT&a="+strings.Repeat("x", most*9/10))
		s.wait(time.Minute)
		s.expect(sendAgain(s, again, cookie), 303, palisade.ReasonClean, 1)
	})
	for length, want := range map[int]palisade.Reason{most: palisade.ReasonTicketMissing, most + 1: palisade.ReasonTooLarge} {
		s := read(t)
		if s.postBody("application/x-www-form-urlencoded", strings.Repeat("x", length)); s.last().Reason != want {
			t.Errorf("%d bytes: %q, want %q", length, s.last().Reason, want)
		}
	}
}

// A bound may have been lowered since a submission was sealed.
func TestTheBoundHoldsForTheContentOfASealedSubmission(t *testing.T) {
	bound := func(most int64) func(*palisade.Config, *palisade.FormConfig) {
		return func(_ *palisade.Config, f *palisade.FormConfig) { f.MaxBody = most }
	}
	before, _ := transparent(t, bound(60_000))
	after, _ := transparent(t, bound(40_000))
	again, cookie := challenged(t, before, "application/x-www-form-urlencoded", "INJECT&a="+strings.Repeat("x", 41_000))
	before.wait(time.Minute)
	after.wait(time.Minute)
	after.expect(sendAgain(after, again, cookie), 413, palisade.ReasonTooLarge, 0)
	before.expect(sendAgain(before, again, cookie), 200, palisade.ReasonClean, 1)
}

// A field is the guard's where the form asks for the kind that it answers. Of any other form
// it is the app's.
func TestAFieldOfAKindThatIsNotAskedForIsTheApps(t *testing.T) {
	s := withWord(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Challenges, f.Transparent = []string{}, true })
	var got string
	s.handler = s.form.Handle(func(_ http.ResponseWriter, r *http.Request, _ palisade.Pass) {
		body, _ := io.ReadAll(r.Body)
		got = string(body)
	})
	v := typed(s.load())
	v["word"] = []string{"my", "own"}
	s.wait(20 * time.Second)
	s.post(v)
	want := typed(values{"word": {"my", "own"}}).Encode()
	if got != want {
		t.Errorf("%q: the app got %q, want %q", s.last().Reason, got, want)
	}
}

// The request of a program that has read the fields stays as it is.
func TestARequestWhoseFieldsWereGivenIsLeftAlone(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Transparent = true })
	o := s.scriptTicket("")
	s.wait(20 * time.Second)
	const body = `{"username":"ada","n":1}`
	r := fromBrowser(httptest.NewRequest("POST", "/signup?kind=b", strings.NewReader(body)))
	s.sent(o)(r)
	sub := palisade.Submitted(r, []palisade.Field{{Name: "username", Value: "ada"}, {Name: "kind", Value: "a"}}, true)
	if _, _, known := sub.Text("kind"); known {
		t.Error("a field that is in the query too is known")
	}
	if d := s.form.Judge(sub); !d.Allowed() {
		t.Fatalf("%q", d.Reason)
	}
	if got, _ := io.ReadAll(r.Body); string(got) != body || r.Header.Get(palisade.HeaderTicket) != "" {
		t.Errorf("the body is %q, the headers %v", got, r.Header)
	}
	if _, _, known := palisade.NewSubmission(r).Text("username"); known {
		t.Error("a field of a body that was not read is known")
	}
}
