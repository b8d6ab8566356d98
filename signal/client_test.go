package signal_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/palisade-dev/palisade/signal"
)

const (
	chrome     = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
	chromeHint = `"Chromium";v="156", "Google Chrome";v="156", "Not:A-Brand";v="8"` // of Chromium 156
	iphone     = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)

func TestWhatABrowserSaysOfItself(t *testing.T) {
	for _, test := range []struct {
		name   string
		agent  string
		change map[string]string // of a submission over TLS; "": without the header
		want   []signal.Reason
	}{
		{"Firefox", firefox, nil, nil},
		{"Chromium", chrome, map[string]string{"Sec-Ch-Ua": chromeHint, "Sec-Ch-Ua-Platform": `"Linux"`}, nil},
		{"an iPhone", iphone, map[string]string{"Sec-Fetch-User": ""}, nil},
		{"a phone that asks for the desktop's page", chrome, map[string]string{"Sec-Ch-Ua": chromeHint, "Sec-Ch-Ua-Platform": `"Android"`}, nil},
		{"a script of the page", firefox, map[string]string{"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-User": ""}, nil},
		{"over plain HTTP a browser sends none of it", firefox, map[string]string{"Origin": "http://example.com", "Sec-Fetch-Site": "", "Sec-Fetch-Mode": "", "Sec-Fetch-Dest": "", "Sec-Fetch-User": ""}, nil},
		{"a program that names no browser", "curl/8.5.0", map[string]string{"Accept-Language": "", "Sec-Fetch-Mode": ""}, nil},
		{"an old browser", "Mozilla/5.0 (Windows NT 6.1; rv:78.0) Gecko/20100101 Firefox/78.0", map[string]string{"Sec-Fetch-Site": "", "Sec-Fetch-Mode": "", "Sec-Fetch-Dest": "", "Sec-Fetch-User": ""}, nil},

		{"it names itself headless", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36", nil, []signal.Reason{signal.ReasonHeadless}},
		{"it speaks no language", firefox, map[string]string{"Accept-Language": ""}, []signal.Reason{signal.ReasonNoLanguage}},
		{"it says not what for", firefox, map[string]string{"Sec-Fetch-Site": "", "Sec-Fetch-Mode": "", "Sec-Fetch-Dest": "", "Sec-Fetch-User": ""}, []signal.Reason{signal.ReasonNoFetchHeaders}},
		{"a navigation to no document", firefox, map[string]string{"Sec-Fetch-Dest": "empty"}, []signal.Reason{signal.ReasonFetchHeaders}},
		{"a script's request by the visitor's hand", firefox, map[string]string{"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, []signal.Reason{signal.ReasonFetchHeaders}},
		{"Firefox with hints", firefox, map[string]string{"Sec-Ch-Ua": chromeHint}, []signal.Reason{signal.ReasonHints}},
		{"hints of another version", chrome, map[string]string{"Sec-Ch-Ua": `"Chromium";v="131", "Not:A-Brand";v="8"`}, []signal.Reason{signal.ReasonHints}},
		{"hints of another system", chrome, map[string]string{"Sec-Ch-Ua": chromeHint, "Sec-Ch-Ua-Platform": `"Windows"`}, []signal.Reason{signal.ReasonHintsSystem}},
		{"a made-up brand of years ago", chrome, map[string]string{"Sec-Ch-Ua": `"Chromium";v="156", " Not A;Brand";v="99"`}, []signal.Reason{signal.ReasonBrand}},
	} {
		h := http.Header{
			"User-Agent": {test.agent}, "Origin": {"https://example.com"}, "Accept-Language": {"en"},
			"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-User": {"?1"},
		}
		for name, value := range test.change {
			if h.Del(name); value != "" {
				h.Set(name, value)
			}
		}
		var got []signal.Reason
		for _, f := range inspect("client", &signal.Evidence{Header: h}) {
			got = append(got, f.Reason)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	told := signal.Evidence{Told: true, Header: http.Header{"User-Agent": {firefox}, "Origin": {"https://example.com"}}}
	if list := inspect("client", &told); len(list) > 0 {
		t.Errorf("a program that passed on some headers alone: %v", list)
	}
}

// testdata/clients.jsonl has the headers of 62 requests of real browsers and programs,
// captured on 2026-11-22 over TLS: Chromium 156, Firefox ESR 153, Playwright 1.65,
// Puppeteer 24.43 with and without the stealth plugin, curl, Python, Go and Node. Runs that
// begin with raw-headful, dt and ff-raw are browsers that no program drives.
func TestCapturedClients(t *testing.T) {
	headless := []signal.Reason{signal.ReasonHeadless}
	want := map[string][]signal.Reason{
		"form-js-dispatch": headless, "form-js-set-click": headless, "form-pw-fill-click": headless, "form-pw-human-ish": headless,
		"form-pw-mouse-steps": headless, "form-pw-paste": headless, "form-pw-tab-keyboard-user": headless, "form-pw-type0": headless, "form-pw-type80": headless,
		"pup-default": headless, "pw-default": headless, "pw-newheadless": headless, "pw-nowebdriver": headless, "raw-headless": headless,
		"pup-stealth": {signal.ReasonBrand}, "pup-stealth-headful": {signal.ReasonBrand},
		"pw-spoof-iphone":    {signal.ReasonHints},
		"raw-headless-shell": {signal.ReasonHeadless, signal.ReasonNoLanguage},
	}
	file, err := os.Open("testdata/clients.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	count := 0
	for lines := bufio.NewScanner(file); lines.Scan(); count++ {
		var c struct {
			Run, Method string
			Headers     http.Header
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		var got []signal.Reason
		for _, f := range inspect("client", &signal.Evidence{Header: c.Headers}) {
			got = append(got, f.Reason)
		}
		if !slices.Equal(got, want[c.Run]) {
			t.Errorf("%s, %s: %v, want %v", c.Run, c.Method, got, want[c.Run])
		}
	}
	if count != 62 {
		t.Errorf("%d requests, want 62", count)
	}
}
