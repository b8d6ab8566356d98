package palisade_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store/memory"
)

func TestPersonWhoTakesTheirTimeGetsThrough(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	s.wait(20 * time.Second)
	w := s.post(v)
	s.expect(w, http.StatusSeeOther, palisade.ReasonClean, 1)
	if d := s.last(); d.Score != 0 || len(d.Findings) != 0 {
		t.Errorf("a clean visitor has score %v and findings %v", d.Score, d.Findings)
	}
}

func TestWhatIsRefused(t *testing.T) {
	const wait = 20 * time.Second
	form := "application/x-www-form-urlencoded"
	rows := []struct {
		name   string
		wait   time.Duration
		tamper func(v values)
		change func(*http.Request)
		status int
		why    palisade.Reason
	}{
		{"no ticket and no proof is challenged", wait, func(v values) { v.Del("palisade-ticket"); v.Del("palisade-proof") }, nil, 403, palisade.ReasonTicketMissing},
		{"a ticket without a proof is challenged", wait, func(v values) { v.Del("palisade-proof") }, nil, 403, palisade.ReasonProofMissing},
		{"a made-up ticket is challenged", wait, func(v values) { v.Set("palisade-ticket", strings.Repeat("A", 78)) }, nil, 403, palisade.ReasonTicketForged},
		{"a truncated ticket is challenged", wait, func(v values) { v.Set("palisade-ticket", v.Get("palisade-ticket")[:60]) }, nil, 403, palisade.ReasonTicketForged},
		{"a ticket of a megabyte is challenged", wait, func(v values) { v.Set("palisade-ticket", strings.Repeat("A", 1<<19)) }, nil, 403, palisade.ReasonTicketForged},
		{"a made-up proof is challenged", wait, func(v values) { v.Set("palisade-proof", "bm90IGEgcHJvb2Y=") }, nil, 403, palisade.ReasonProofBad},
		{"a proof of a megabyte is challenged", wait, func(v values) { v.Set("palisade-proof", strings.Repeat("A", 1<<19)) }, nil, 403, palisade.ReasonProofBad},
		{"faster than a person types is challenged", 100 * time.Millisecond, nil, nil, 403, palisade.ReasonSuspicious},
		{"a page left open too long is asked again", 5 * time.Hour, nil, nil, 403, palisade.ReasonTicketExpired},
		{"a filled decoy is challenged", wait, fillDecoy, nil, 403, palisade.ReasonSuspicious},
		{"a ticket given twice is unreadable", wait, func(v values) { v.Add("palisade-ticket", v.Get("palisade-ticket")) }, nil, 400, palisade.ReasonAmbiguous},
		{"a ticket in the query is unreadable", wait, nil, func(r *http.Request) { r.URL.RawQuery = "palisade-ticket=x" }, 400, palisade.ReasonAmbiguous},
		{"a cross-site submit is denied", wait, nil, func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Origin", "https://evil.example")
		}, 403, signal.ReasonCrossSite},
		{"a compressed body is not judged", wait, nil, header("Content-Encoding", "gzip"), 415, palisade.ReasonUnsupported},
		{"an unknown content type is not judged", wait, nil, header("Content-Type", "text/plain"), 415, palisade.ReasonUnsupported},
		{"a charset that hides fields is not judged", wait, nil, header("Content-Type", form+"; charset=utf-16"), 415, palisade.ReasonUnsupported},
		{"two content types are ambiguous", wait, nil, func(r *http.Request) { r.Header.Add("Content-Type", "application/json") }, 400, palisade.ReasonAmbiguous},
		{"a body over the limit is refused", wait, func(v values) { v.Set("bio", strings.Repeat("x", 2<<20)) }, nil, 413, palisade.ReasonTooLarge},
		{"an unreadable client address is refused", wait, nil, from("not an address"), 400, palisade.ReasonAddress},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			v := typed(s.load())
			if row.tamper != nil {
				row.tamper(v)
			}
			s.wait(row.wait)
			changes := []func(*http.Request){}
			if row.change != nil {
				changes = append(changes, row.change)
			}
			s.expect(s.post(v, changes...), row.status, row.why, 0)
		})
	}
}

// fillDecoy fills every field that a person cannot see.
func fillDecoy(v values) {
	for name, list := range v {
		if list[0] == "" && !strings.HasPrefix(name, "palisade-") {
			v.Set(name, "https://spam.example")
		}
	}
}

func TestUnreadableBodies(t *testing.T) {
	rows := []struct{ name, kind, body string }{
		{"a broken escape", "application/x-www-form-urlencoded", "a=%zz"},
		{"a semicolon between fields", "application/x-www-form-urlencoded", "a=1;b=2"},
		{"JSON with trailing data", "application/json", `{"a":"1"}{"b":"2"}`},
		{"JSON with a byte order mark", "application/json", "\ufeff{}"},
		{"a JSON list", "application/json", `[{"a":1}]`},
		{"a JSON string", "application/json", `"a"`},
		{"JSON that ends early", "application/json", `{"a":`},
		{"JSON nested without end", "application/json", strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)},
		{"JSON that is not UTF-8", "application/json", "{\"a\":\"\xff\"}"},
		{"multipart without its last boundary", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"},
		{"a part with two names", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"; name*=utf-8''b\r\n\r\n1\r\n--x--\r\n"},
		{"a part with a name in apostrophes, which are quotes to PHP", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name='a'\r\n\r\n1\r\n--x--\r\n"},
		{"a part with an apostrophe that may begin a quote", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; x='; name=\"a\"; y='\r\n\r\n1\r\n--x--\r\n"},
		{"a part with an apostrophe behind an escaped quotation mark", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\\\"'\"\r\n\r\n1\r\n--x--\r\n"},
		{"a part without a name, which Rack takes from elsewhere", "multipart/form-data; boundary=x", "--x\r\nContent-ID: a\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"},
		{"a part with an empty name", "multipart/form-data; boundary=x", "--x\r\nContent-ID: a\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n--x--\r\n"},
		{"a part with an encoding", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--x--\r\n"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			s.expect(s.postBody(row.kind, row.body), 400, palisade.ReasonUnreadable, 0)
		})
	}
	ambiguous := []struct{ name, body string }{
		{"a JSON key twice", `{"palisade-ticket":"a","palisade-ticket":"b"}`},
		{"an escaped JSON key twice", `{"palisade-ticket":"a","palisade\u002dticket":"b"}`},
		{"a ticket that is a number", `{"palisade-ticket":1}`},
		{"a ticket that is a list", `{"palisade-ticket":["a"]}`},
		{"a ticket under another case", `{"Palisade-Ticket":"a"}`},
	}
	for _, row := range ambiguous {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			s.expect(s.postBody("application/json", row.body), 400, palisade.ReasonAmbiguous, 0)
		})
	}
}

// An app may have members of any names. Where a limit counts by one, it may have that name
// once, however a decoder folds names.
func TestMembersOfJSONWhoseNamesAreAlike(t *testing.T) {
	for body, ambiguous := range map[string]bool{
		`{"id":1,"ID":2,"user":{"a":1,"A":2,"a":3}}`: false,
		`{"email":"a","Email":"b"}`:                  false,
		`{"task":"a","taſ\u212a":"b"}`:               true,
		`{"task":"a","TASK":"b"}`:                    true,
		`{"task":"a","user":{"task":"b"}}`:           false,
	} {
		s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
			f.Limits = []palisade.Limit{{Rate: 9, Per: time.Hour, By: palisade.ByField("task")}}
		})
		s.postBody("application/json", body)
		if got := s.last().Reason == palisade.ReasonAmbiguous; got != ambiguous {
			t.Errorf("%s: %q", body, s.last().Reason)
		}
	}
}

func TestJSONTwin(t *testing.T) {
	s := newSite(t)
	w := s.postBody("application/json", `{"username":"bot"}`, header("Accept", "application/json"))
	s.expect(w, 403, palisade.ReasonTicketMissing, 0)
	p := problem(t, w)
	if p.ID != s.last().ID.String() || p.Challenge == nil || p.Challenge.Level != 2 {
		t.Fatalf("problem %+v does not hold the decision's id and a challenge of the highest level", p)
	}
	if strings.Contains(w.Body.String(), "ticket-missing") {
		t.Error("the answer says which signal fired")
	}
	// The program solves the challenge it got, and waits as long as it says.
	s.wait(time.Duration(p.Challenge.Wait) * time.Millisecond)
	body, _ := json.Marshal(map[string]string{
		"username": "ada", "palisade-ticket": p.Challenge.Ticket, "palisade-proof": solve(t, p.Challenge.Challenge),
	})
	s.expect(s.postBody("application/json", string(body)), http.StatusSeeOther, palisade.ReasonClean, 1)
}

func TestProgramMaySendTicketAndProofInHeaders(t *testing.T) {
	s := newSite(t)
	v := s.load()
	s.wait(20 * time.Second)
	w := s.postBody("application/json", `{"username":"ada"}`,
		header("Palisade-Ticket", v.Get("palisade-ticket")), header("Palisade-Proof", v.Get("palisade-proof")))
	s.expect(w, http.StatusSeeOther, palisade.ReasonClean, 1)
}

func TestChallengeTooEarlyStaysAChallenge(t *testing.T) {
	s := newSite(t)
	p := problem(t, s.postBody("application/json", `{}`, header("Accept", "application/json")))
	body, _ := json.Marshal(map[string]string{"palisade-ticket": p.Challenge.Ticket, "palisade-proof": solve(t, p.Challenge.Challenge)})
	s.wait(time.Duration(p.Challenge.Wait)*time.Millisecond - time.Millisecond)
	s.expect(s.postBody("application/json", string(body)), 403, palisade.ReasonTicketTooNew, 0)
}

func TestReplayIsOneEffect(t *testing.T) {
	const senders = 64
	rounds := int64(40)
	if *long {
		rounds = 200
	}
	s := newSite(t)
	for round := range rounds {
		v := typed(s.load())
		s.wait(20 * time.Second)
		var start, done sync.WaitGroup
		start.Add(1)
		for i := range senders {
			done.Go(func() {
				mine := values{}
				for name, list := range v {
					mine[name] = list
				}
				if i%2 == 1 { // half are double clicks, half use the token for something else
					mine.Set("username", string(rune('a'+i)))
				}
				start.Wait()
				s.post(mine)
			})
		}
		start.Done()
		done.Wait()
		if got := s.effects.Load(); got != round+1 {
			t.Fatalf("round %d: %d effects of one token, want 1", round, got-round)
		}
	}
}

func TestDoubleClickGetsTheFirstAnswer(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	s.wait(20 * time.Second)
	first, second := s.post(v), s.post(v)
	if first.Code != second.Code || first.Header().Get("Location") != second.Header().Get("Location") {
		t.Errorf("first click: %d %q; second: %d %q", first.Code, first.Header().Get("Location"), second.Code, second.Header().Get("Location"))
	}
	s.expect(second, http.StatusSeeOther, palisade.ReasonDuplicate, 1)
}

func TestDoubleClickWhileTheFirstIsStillAnswered(t *testing.T) {
	s := newSite(t)
	entered, release := make(chan bool), make(chan bool)
	s.handler = s.form.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.effects.Add(1)
		entered <- true
		<-release
		http.Redirect(w, r, "/slow", http.StatusSeeOther)
	}))
	v := typed(s.load())
	s.wait(20 * time.Second)
	answers := make(chan *httptest.ResponseRecorder, 2)
	go func() { answers <- s.post(v) }()
	<-entered
	go func() { answers <- s.post(v) }()
	release <- true
	for range 2 {
		if w := <-answers; w.Header().Get("Location") != "/slow" {
			t.Errorf("a click was answered %d %v", w.Code, w.Header())
		}
	}
	if s.effects.Load() != 1 {
		t.Errorf("%d effects of a double click", s.effects.Load())
	}
}

func TestSpentTicketWithOtherDataIsChallengedAndKeepsIt(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.post(v)
	v.Set("username", "grace <hopper>")
	w := s.post(v)
	s.expect(w, 403, palisade.ReasonTicketSpent, 1)
	if page := w.Body.String(); !strings.Contains(page, `grace &lt;hopper&gt;`) {
		t.Errorf("what was typed is not in the page:\n%s", page)
	}
}

func TestChallengePageCarriesASubmissionThrough(t *testing.T) {
	s := newSite(t)
	v := typed(values{"tags": {"a", "b"}})
	w := s.post(v)
	s.expect(w, 403, palisade.ReasonTicketMissing, 0)
	kept := s.fill(w.Body.String())
	for name := range v {
		if strings.Join(kept[name], "|") != strings.Join(v[name], "|") {
			t.Errorf("field %s: kept %q of %q", name, kept[name], v[name])
		}
	}
	s.wait(20 * time.Second)
	s.expect(s.post(kept), http.StatusSeeOther, palisade.ReasonClean, 1)
}

func TestChallengePageOfAnUpload(t *testing.T) {
	s := newSite(t)
	kind, body := multipartBody(typed(values{}), "photo")
	w := s.postBody(kind, body)
	s.expect(w, 403, palisade.ReasonTicketMissing, 0)
	page := w.Body.String()
	for _, want := range []string{`enctype="multipart/form-data"`, `name="photo"`, `type="file"`, `value="ada"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of a challenged upload lacks %s", want)
		}
	}
	kind, body = multipartBody(s.fillWithout(page, "photo"), "photo")
	s.wait(20 * time.Second)
	s.expect(s.postBody(kind, body), http.StatusSeeOther, palisade.ReasonClean, 1)
}

func (s *site) fillWithout(markup, name string) values {
	v := s.fill(markup)
	v.Del(name)
	return v
}

func TestChallengePageSubmitsToItsOwnHost(t *testing.T) {
	s := newSite(t)
	w := s.post(typed(values{}), func(r *http.Request) { r.URL = &url.URL{Path: "//evil.example/signup"} })
	if page := w.Body.String(); strings.Contains(page, `action="//`) {
		t.Errorf("the page submits to another host:\n%s", page)
	}
}

func TestHandlerReadsTheBytesThatWereJudged(t *testing.T) {
	s := newSite(t)
	var got string
	s.handler = s.form.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pass, ok := palisade.PassFrom(r.Context()); !ok || pass.Form() != "signup" {
			t.Error("no pass in the context")
		}
		got = r.PostFormValue("username")
	}))
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.post(v)
	if got != "ada" {
		t.Errorf("the handler read %q", got)
	}
}

func TestRestartAsksAgain(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	s.wait(20 * time.Second)
	later := newSite(t, func(c *palisade.Config, _ *palisade.FormConfig) {
		c.Store = memory.New(memory.Epoch(s.clock()))
	})
	later.wait(20 * time.Second)
	later.expect(later.post(v), 403, palisade.ReasonForgotten, 0)
}

func TestZeroValuesRefuse(t *testing.T) {
	var d palisade.Decision
	if d.Allowed() || d.Status() != 403 {
		t.Errorf("the zero Decision is allowed=%v with status %d", d.Allowed(), d.Status())
	}
	if (palisade.Decision{Outcome: palisade.Allow}).Allowed() {
		t.Error("a Decision made outside the package is allowed")
	}
	var p palisade.Pass
	if p.Valid() || p.Retry() != "" {
		t.Error("the zero Pass is valid")
	}
	if _, err := p.RetryOffer(); err == nil {
		t.Error("the zero Pass gives a ticket")
	}
	w := httptest.NewRecorder()
	newSite(t).form.Refuse(w, fromBrowser(httptest.NewRequest("POST", "/", nil)), d)
	if w.Code != 403 {
		t.Errorf("the zero Decision is answered %d", w.Code)
	}
}

func TestDivertShowsADecoyHitAFakeSuccess(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Divert = http.RedirectHandler("/thanks", http.StatusSeeOther)
	})
	v := typed(s.load())
	fillDecoy(v)
	s.wait(20 * time.Second)
	w := s.post(v)
	s.expect(w, http.StatusSeeOther, signal.ReasonDecoyFilled, 0)
	if w.Header().Get("Location") != "/thanks" {
		t.Error("not the fake success")
	}
}

func TestExemptIsNotJudged(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Exempt = func(r *http.Request) bool { return r.Header.Get("X-User") == "7" }
	})
	s.expect(s.post(typed(values{}), header("X-User", "7")), http.StatusSeeOther, palisade.ReasonExempt, 1)
	s.expect(s.post(typed(values{})), 403, palisade.ReasonTicketMissing, 1)
}

func TestNothingSecretOrTypedReachesTheLog(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.post(v)
	s.post(typed(values{}))
	log := s.log.String()
	if !strings.Contains(log, `"outcome":"allow"`) || !strings.Contains(log, `"reason":"ticket-missing"`) {
		t.Fatalf("the decisions are not in the log:\n%s", log)
	}
	for _, secret := range []string{v.Get("palisade-ticket"), v.Get("palisade-proof"), "ada@example.org", "203.0.113.7", string(key1)} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}
