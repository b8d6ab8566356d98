package e2e_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/signal"
)

// reasons are those that the signals of the report found in the last decision.
func (s *site) reasons() (list []signal.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.decisions) > 0 {
		for _, f := range s.decisions[len(s.decisions)-1].Findings {
			list = append(list, f.Reason)
		}
	}
	return list
}

// The browser of the tests says of itself that a program drives it. So a report came if the
// decision says so too.
func TestAReportComesWithEachKindOfSubmission(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(b *tab){
		"a click":          func(b *tab) { b.click("#send") },
		"submit by script": func(b *tab) { b.do("f.submit()") },
		"a script's request": func(b *tab) {
			b.do("palisade.headers('signup').then(headers => fetch('/signup', {method: 'POST', headers, body: new URLSearchParams({username: 'ada'})}))")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := open(s, "/")
			b.until("window.palisade?.report")
			b.fill(typed)
			send(b)
			s.until(func() bool { return len(s.decisions) > 0 })
			if got := s.reasons(); !slices.Contains(got, signal.ReasonWebDriver) {
				t.Errorf("found %v, without %q", got, signal.ReasonWebDriver)
			}
		})
	}
}

// A browser that does not load report.js sends the form without a report.
func TestAFormGoesWithoutAReport(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := open(s, "/elsewhere")
	b.run(network.Enable(), network.SetBlockedURLs([]string{"*/report.*.js"}))
	b.goTo(s.url + "/")
	b.fill(typed)
	b.click("#send")
	b.arrives("/welcome")
	s.expect(1, "allow clean")
	if got := s.reasons(); !slices.Contains(got, signal.ReasonReportMissing) {
		t.Errorf("found %v, without %q", got, signal.ReasonReportMissing)
	}
}

var wire = regexp.MustCompile(`^[A-Za-z0-9+/]+=*\.1[0-9a-z]{15}$`)

// All that leaves the browser while a form is filled in and sent: nothing typed but in the
// app's own fields, no event, nothing to anybody else, and a report of a fixed size.
func TestNothingTypedLeavesButInTheForm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := open(s, "/elsewhere")
	var mu sync.Mutex
	var sent []*network.Request
	chromedp.ListenTarget(b.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, e.Request)
		}
	})
	b.run(network.Enable())
	b.goTo(s.url + "/")
	for _, text := range []string{tabKey, "lovelace", tabKey, "ada@example.org", tabKey, "analytical engines"} {
		b.keys(text)
	}
	b.click("#send")
	b.arrives("/welcome")
	mu.Lock()
	defer mu.Unlock()
	forms := 0
	for _, r := range sent {
		if !strings.HasPrefix(r.URL, s.url+"/") {
			t.Errorf("a request to somebody else: %s", r.URL)
		}
		body := bodyOf(r)
		if r.Method == "POST" && r.URL == s.url+"/signup" {
			forms++
			v, err := url.ParseQuery(body)
			if err != nil {
				t.Fatal(err)
			}
			if !wire.MatchString(v.Get(palisade.FieldProof)) {
				t.Errorf("the field with proof and report is %q", v.Get(palisade.FieldProof))
			}
			for _, name := range []string{"username", "email", "about"} {
				v.Del(name)
			}
			body = v.Encode()
		}
		for _, text := range []string{"lovelace", "ada@", "ada%40", "analytical"} {
			if strings.Contains(r.URL+body, text) {
				t.Errorf("%s %s sends %q", r.Method, r.URL, text)
			}
		}
	}
	if forms != 1 {
		t.Errorf("the form was sent %d times", forms)
	}
}
