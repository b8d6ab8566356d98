package web_test

import (
	"bytes"
	"errors"
	"html"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/web"
)

var langs = web.Languages()

// challengePage returns a page with something in every field.
func challengePage(change ...func(*web.ChallengePage)) *web.ChallengePage {
	p := &web.ChallengePage{
		Lang: "en", Base: base, ID: "k3v8x1qz", Form: "signup", Action: "/signup?next=%2Fa&x=1",
		Fields: []web.Field{{Name: "username", Value: "ada"}, {Name: "password", Value: `a"b<c>&'d`}},
		Ticket: "AQID-_x", Expires: 1795342129000, Wait: 3000, Challenge: `{"parameters":{"cost":1},"signature":"ab"}`,
	}
	for _, c := range change {
		c(p)
	}
	return p
}

type writer interface{ Write(io.Writer) error }

func write(t *testing.T, page writer) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// notices returns a notice of each kind, and of one that does not exist.
func notices(lang string) map[string]web.Notice {
	return map[string]web.Notice{
		"denied":        {Kind: web.NoticeDenied, Lang: lang, Base: base, ID: "k3v8x1qz"},
		"limited":       {Kind: web.NoticeLimited, Lang: lang, Base: base, RetryAfter: time.Minute},
		"limited still": {Kind: web.NoticeLimited, Lang: lang, Base: base},
		"unreadable":    {Kind: web.NoticeUnreadable, Lang: lang, Base: base},
		"too large":     {Kind: web.NoticeTooLarge, Lang: lang, Base: base},
		"unavailable":   {Kind: web.NoticeUnavailable, Lang: lang, Base: base},
		"received":      {Kind: web.NoticeReceived, Lang: lang, Base: base},
		"insecure":      {Kind: web.NoticeInsecure, Lang: lang, Base: base},
		"address":       {Kind: web.NoticeAddress, Lang: lang, Base: base},
		"request":       {Kind: web.NoticeRequest, Lang: lang, Base: base},
		"unknown":       {Kind: 200, Lang: lang, Base: base},
	}
}

// pages returns every kind of page in a language.
func pages(lang string) map[string]writer {
	all := map[string]writer{
		"challenge": challengePage(func(p *web.ChallengePage) { p.Lang = lang }),
		"expired":   challengePage(func(p *web.ChallengePage) { p.Lang, p.Why = lang, web.WhyExpired }),
		"spent":     challengePage(func(p *web.ChallengePage) { p.Lang, p.Why = lang, web.WhySpent }),
		"files":     challengePage(func(p *web.ChallengePage) { p.Lang, p.Files = lang, []string{"photo"} }),
		"widget":    challengePage(func(p *web.ChallengePage) { p.Lang, p.Widget = lang, thirdParty() }),
	}
	for name, n := range notices(lang) {
		all["notice "+name] = n
	}
	return all
}

func thirdParty() *challenge.Widget {
	return &challenge.Widget{
		Script: "https://captcha.example/api.js?x=1", Class: "x-captcha", Sitekey: "key", Field: "x-captcha-response", Action: "signup",
		Sources: []string{"https://captcha.example", "https://*.captcha.example"},
	}
}

func TestThePagesSpeakEachLanguage(t *testing.T) {
	texts := make(map[string]string) // by page: the English text
	for _, lang := range langs {
		for name, page := range pages(lang) {
			text := write(t, page)
			if !strings.Contains(text, `<html lang="`+lang+`" dir="ltr">`) {
				t.Errorf("%s, %s: no lang attribute", lang, name)
			}
			if strings.Contains(text, "{n}</") || strings.Contains(text, "{time}") || strings.Contains(text, "{name}") || strings.Contains(text, "<p></p>") || strings.Contains(text, "<h1></h1>") {
				t.Errorf("%s, %s: a text is missing or not filled in:\n%s", lang, name, text)
			}
			words := regexp.MustCompile(`(?s)<h1>.*?</p>`).FindString(text)
			if texts[name] == words || len(words) < 30 {
				t.Errorf("%s, %s is not translated: %s", lang, name, words)
			}
			if lang == "en" {
				texts[name] = words
			}
		}
	}
	if got := write(t, web.Notice{Lang: "xx", Base: base}); !strings.Contains(got, `<html lang="en"`) {
		t.Error("an unknown language is not English")
	}
}

func TestLang(t *testing.T) {
	for header, want := range map[string]string{
		"": "en", "de": "de", "de-AT,de;q=0.9,en;q=0.8": "de", "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5": "fr",
		"es-419": "es", "ES": "es", "pl,en;q=0.5": "en", "pl": "en", "*": "en", "en;q=0.1,de;q=0.2": "de",
		"de;q=0,fr;q=0.1": "fr", "de;q=x,es": "es", "nl,fr;q=0.3,es;q=0.4": "es", ";;,,": "en", "d": "en", "deu": "en",
	} {
		if got := web.Lang(header); got != want {
			t.Errorf("Lang(%q) = %q, want %q", header, got, want)
		}
	}
}

// The law: for every header, the answer is one of the pages' languages.
func FuzzLangIsOneThatThePagesSpeak(f *testing.F) {
	f.Add("de-AT,de;q=0.9,en;q=0.8")
	f.Add("*;q=0.1,,;q=NaN,fr;q=1e3")
	f.Fuzz(func(t *testing.T, header string) {
		if got := web.Lang(header); !slices.Contains(langs, got) {
			t.Errorf("Lang(%q) = %q", header, got)
		}
	})
}

var (
	inputTag = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	inline   = regexp.MustCompile(`(?i)<script(>| [^>]*>)[^<]|<style|\son[a-z]+=|\sstyle=|javascript:`)
	external = regexp.MustCompile(`<(?:script|link|img)[^>]* (?:src|href)="([^"]*)"`)
)

// The law: all input is kept exactly, in the order in which it was sent.
func FuzzFieldsAreKept(f *testing.F) {
	f.Add("username", "ada", "about", "line\r\nline \"quoted\" <b>&amp;")
	f.Add("submit", "{{.}}", "</form>", "'><script>alert(1)</script>")
	f.Add("", "\xff\xfe", "ü", "漢\u2028")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		if strings.ContainsRune(name1+value1+name2+value2, 0) {
			return // HTML cannot contain a NUL, and no keyboard types one
		}
		fields := []web.Field{{Name: name1, Value: value1}, {Name: name2, Value: value2}}
		text := write(t, challengePage(func(p *web.ChallengePage) { p.Fields = fields }))
		got := inputTag.FindAllStringSubmatch(text, -1)
		if len(got) != len(fields)+2 { // plus ticket and proof
			t.Fatalf("%d hidden fields, want %d:\n%s", len(got), len(fields)+2, text)
		}
		for i, field := range fields {
			if html.UnescapeString(got[i][1]) != field.Name || html.UnescapeString(got[i][2]) != field.Value {
				t.Errorf("field %d is %q=%q, want %q=%q", i, got[i][1], got[i][2], field.Name, field.Value)
			}
		}
		bare := write(t, challengePage(func(p *web.ChallengePage) { p.Fields = nil }))
		if rest := strings.Replace(text, got[0][0]+"\n"+got[1][0]+"\n", "", 1); rest != bare {
			t.Errorf("the input changed the page:\n%s", text)
		}
	})
}

func TestThePagesHaveNothingInlineAndNoThirdParty(t *testing.T) {
	for name, page := range pages("en") {
		text := write(t, page)
		if found := inline.FindString(text); found != "" {
			t.Errorf("%s has something inline: %s", name, found)
		}
		for _, address := range external.FindAllStringSubmatch(text, -1) {
			ours := strings.HasPrefix(address[1], base)
			if !ours && !(name == "widget" && strings.HasPrefix(address[1], "https://captcha.example/")) {
				t.Errorf("%s loads %s", name, address[1])
			}
		}
	}
}

func TestTheChallengePageHoldsItsForm(t *testing.T) {
	tests := map[string]struct {
		page *web.ChallengePage
		has  []string
		not  []string
	}{
		"the embedded step": {
			page: challengePage(),
			has: []string{
				`action="/signup?next=%2Fa&amp;x=1"`, `name="palisade-ticket" value="AQID-_x"`, `name="palisade-proof" value=""`,
				`data-palisade-form="signup"`, `data-palisade-expires="1795342129000"`, `data-palisade-wait="3000"`,
				`data-palisade-visible="1"`, `data-palisade-challenge="{&#34;parameters&#34;`, `k3v8x1qz`, `<noscript>`,
				`<p id="palisade-tick">Please tick the box.</p>`, `<button type="submit" id="palisade-send" hidden>`,
			},
			not: []string{"enctype", "fieldset", "data-palisade-field"},
		},
		"a submission without an id to quote": {
			page: challengePage(func(p *web.ChallengePage) { p.ID = "" }),
			not:  []string{"reference"},
		},
		"a multipart submission": {
			page: challengePage(func(p *web.ChallengePage) { p.Enctype = "multipart/form-data" }),
			has:  []string{`enctype="multipart/form-data"`},
		},
		"files, which are chosen again": {
			page: challengePage(func(p *web.ChallengePage) { p.Files = []string{"photo", `a"b`} }),
			has: []string{
				`enctype="multipart/form-data"`, `<label for="palisade-file-0">File for “photo”</label>`,
				`<input type="file" id="palisade-file-0" name="photo" required>`, `name="a&#34;b" required>`,
			},
		},
		"a third-party step": {
			page: challengePage(func(p *web.ChallengePage) { p.Widget = thirdParty() }),
			has: []string{
				`<div class="x-captcha" data-sitekey="key" data-action="signup"></div>`,
				`<script src="https://captcha.example/api.js?x=1" async defer></script>`, `data-palisade-field="x-captcha-response"`,
			},
			not: []string{"data-palisade-visible", "tick the box"},
		},
		"an invalid address": {
			page: challengePage(func(p *web.ChallengePage) { p.Action = "javascript:alert(1)" }),
			not:  []string{"javascript:"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := write(t, test.page)
			for _, want := range test.has {
				if !strings.Contains(text, want) {
					t.Errorf("the page lacks %s:\n%s", want, text)
				}
			}
			for _, unwanted := range test.not {
				if strings.Contains(text, unwanted) {
					t.Errorf("the page has %s:\n%s", unwanted, text)
				}
			}
		})
	}
}

// A page that revealed the failed check would tell a bot what to change.
func TestThePagesDoNotTellWhichCheckFailed(t *testing.T) {
	for name, page := range pages("en") {
		text := strings.ToLower(write(t, page))
		for _, word := range []string{"bot ", "spam", "honeypot", "decoy", "too fast", "suspicious", "score", "proof of work", "forged"} {
			if strings.Contains(text, word) {
				t.Errorf("%s says %q", name, word)
			}
		}
	}
}

func TestALimitedVisitorIsToldHowLongToWait(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		0:                       "Please wait a few minutes.",
		time.Second:             "Please wait one minute.",
		1500 * time.Millisecond: "Please wait 2 seconds.",
		59 * time.Second:        "Please wait 59 seconds.",
		time.Minute:             "Please wait one minute.",
		61 * time.Second:        "Please wait 2 minutes.",
		10 * time.Minute:        "Please wait 10 minutes.",
	} {
		if text := write(t, web.Notice{Kind: web.NoticeLimited, Base: base, RetryAfter: wait}); !strings.Contains(text, want) {
			t.Errorf("after %v it does not say %q", wait, want)
		}
	}
}

func TestThePolicyAllowsTheSitesOwnFilesAndNothingElse(t *testing.T) {
	const want = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'self'"
	if got := web.CSP(); got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
	if got := challengePage().CSP(); got != want {
		t.Errorf("policy of the page %q, want %q", got, want)
	}
	got := challengePage(func(p *web.ChallengePage) {
		p.Widget = thirdParty()
		p.Widget.Sources = append(p.Widget.Sources, "https://a.example; script-src *", "'unsafe-inline'", "https://b.example\r\nSet-Cookie: a")
	}).CSP()
	const extra = " https://captcha.example https://*.captcha.example"
	if want := "default-src 'none'; script-src 'self'" + extra + "; style-src 'self'" + extra + "; connect-src 'self'" + extra +
		"; frame-src" + extra + "; img-src" + extra + "; base-uri 'none'; frame-ancestors 'self'"; got != want {
		t.Errorf("policy with a widget %q, want %q", got, want)
	}
	// The app's redirect may lead to any site.
	if strings.Contains(got+web.CSP(), "form-action") {
		t.Error("the policy has a form-action")
	}
}

func TestAnErrorOfTheWriterIsReturned(t *testing.T) {
	for name, page := range pages("en") {
		if err := page.Write(broken{}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func BenchmarkChallengePage(b *testing.B) {
	page := challengePage()
	b.ReportAllocs()
	for b.Loop() {
		if err := page.Write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
