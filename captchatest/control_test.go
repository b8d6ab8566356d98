package captchatest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/captchatest"
)

// remote is a server and its control API, over real HTTP.
type remote struct {
	*captchatest.Server
	control string
	t       *testing.T
}

func newRemote(t *testing.T) remote {
	s := captchatest.NewServer()
	t.Cleanup(s.Close)
	control := httptest.NewServer(s.Control())
	t.Cleanup(control.Close)
	return remote{s, control.URL, t}
}

// do returns the status and the body of a control request.
func (r remote) do(method, path, body string) (int, string) {
	r.t.Helper()
	request, err := http.NewRequest(method, r.control+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	return send(r.t, request)
}

// must makes a control request that must succeed.
func (r remote) must(method, path, body string) string {
	r.t.Helper()
	status, told := r.do(method, path, body)
	if status >= 400 {
		r.t.Fatalf("%s %s %s: %d %s", method, path, body, status, told)
	}
	return told
}

func TestControlDoesWhatMethodsDo(t *testing.T) {
	r := newRemote(t)
	r.must("POST", "/sites", `{"service":"turnstile","sitekey":"site","secret":"secret"}`)
	var solved struct{ Token string }
	told := r.must("POST", "/solve", `{"service":"turnstile","sitekey":"site","hostname":"example.com","action":"signup","cdata":"c"}`)
	if err := json.Unmarshal([]byte(told), &solved); err != nil || solved.Token == "" {
		t.Fatalf("%s %v", told, err)
	}
	r.must("POST", "/fail", `{"service":"turnstile","fault":"status-503"}`)
	r.must("POST", "/answer", `{"service":"hcaptcha","status":418,"body":"{\"success\":false,\"error-codes\":[\"teapot\"]}","times":-1}`)
	for i, want := range []string{"503 Service Unavailable", "ok", "timeout-or-duplicate"} {
		if got := ask(t, r.Server, captchatest.Turnstile, "secret", "secret", "response", solved.Token); got != want {
			t.Errorf("call %d: %s, want %s", i, got, want)
		}
	}
	for range 2 {
		if got := ask(t, r.Server, captchatest.HCaptcha); got != "teapot" {
			t.Errorf("a fixed answer: %s", got)
		}
	}
	r.must("DELETE", "/faults", "")
	if got := ask(t, r.Server, captchatest.HCaptcha); got == "teapot" {
		t.Error("the fault did not end")
	}
	var calls []struct {
		Service, Method, Path string
		Header, Form          map[string][]string
	}
	if err := json.Unmarshal([]byte(r.must("GET", "/history", "")), &calls); err != nil || len(calls) != 6 {
		t.Fatalf("%d calls, %v", len(calls), err)
	}
	first := calls[0]
	if first.Service != "turnstile" || first.Method != "POST" || first.Form["response"][0] != solved.Token || first.Header["Content-Type"] == nil {
		t.Errorf("%+v", first)
	}
	r.must("DELETE", "/history", "")
	if got := r.must("GET", "/history", ""); strings.TrimSpace(got) != "[]" {
		t.Errorf("history: %s", got)
	}
}

func TestControlGivesScores(t *testing.T) {
	r := newRemote(t)
	r.must("POST", "/sites", `{"service":"recaptcha-v3","sitekey":"site","secret":"secret"}`)
	var solved struct{ Token string }
	told := r.must("POST", "/solve", `{"service":"recaptcha-v3","sitekey":"site","score":0}`)
	if err := json.Unmarshal([]byte(told), &solved); err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(r.VerifyURL(captchatest.RecaptchaV3) + "?secret=secret&response=" + solved.Token)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); !strings.Contains(string(body), `"score":0`) {
		t.Errorf("%s", body)
	}
}

func TestControlRefusesMistakes(t *testing.T) {
	rows := []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"no such path", "GET", "/nothing", "", 404, ""},
		{"another method", "PUT", "/sites", "", 405, ""},
		{"nothing", "POST", "/sites", "", 400, "empty"},
		{"no JSON", "POST", "/sites", "service=turnstile", 400, "invalid character"},
		{"half of the JSON", "POST", "/sites", `{"service":`, 400, "EOF"},
		{"a list", "POST", "/sites", "[]", 400, "cannot unmarshal"},
		{"two objects", "POST", "/solve", `{"service":"hcaptcha"}{}`, 400, "follows"},
		{"a misspelt member", "POST", "/sites", `{"service":"turnstile","site_key":"a","secret":"b"}`, 400, "site_key"},
		{"no secret", "POST", "/sites", `{"service":"turnstile","sitekey":"a"}`, 400, "required"},
		{"an unknown service", "POST", "/sites", `{"service":"turnstyle","sitekey":"a","secret":"b"}`, 400, "turnstile"},
		{"an unknown sitekey", "POST", "/solve", `{"service":"turnstile","sitekey":"a"}`, 400, "invalid-sitekey"},
		{"an unknown fault", "POST", "/fail", `{"service":"turnstile","fault":"fire"}`, 400, "garbage"},
		{"an invalid status", "POST", "/answer", `{"service":"turnstile","status":7}`, 400, "status"},
		{"a megabyte", "POST", "/answer", `{"body":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too large"},
	}
	r := newRemote(t)
	for _, row := range rows {
		status, body := r.do(row.method, row.path, row.body)
		if status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: %d %s", row.name, status, body)
		}
		var told struct{ Error string }
		if row.want != "" && (json.Unmarshal([]byte(body), &told) != nil || told.Error == "") {
			t.Errorf("%s: not an error in JSON: %s", row.name, body)
		}
	}
}

func TestControlNamesEveryFault(t *testing.T) {
	r := newRemote(t)
	names := []string{
		"hang", "status-500", "status-503", "quota", "garbage", "html", "truncated", "drop", "redirect", "huge-body",
		"success-string", "success-case", "duplicate-keys", "wrong-hostname", "wrong-action",
		"reusable", "no-hostname", "no-action", "no-score",
	}
	for i, name := range names {
		r.must("POST", "/fail", `{"service":"mcaptcha","fault":"`+name+`"}`)
		if captchatest.Fault(i+1) > captchatest.NoScore {
			t.Errorf("%s is one too many", name)
		}
	}
	if len(names) != int(captchatest.NoScore) {
		t.Errorf("%d of %d faults have a name", len(names), captchatest.NoScore)
	}
}

func TestControlListsServices(t *testing.T) {
	r := newRemote(t)
	var list []struct {
		Name      string
		VerifyURL string `json:"verify_url"`
		ScriptURL string `json:"script_url"`
		Field     string
		TestKeys  []struct{ Sitekey, Secret string } `json:"test_keys"`
	}
	if err := json.Unmarshal([]byte(r.must("GET", "/services", "")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != len(captchatest.Services()) {
		t.Errorf("%d services", len(list))
	}
	scriptless := map[string]bool{captchatest.GeeTest: true, captchatest.MCaptcha: true, captchatest.Sentinel: true}
	for _, entry := range list {
		if entry.VerifyURL != r.VerifyURL(entry.Name) || strings.Contains(entry.VerifyURL, "unknown") {
			t.Errorf("%s: %s", entry.Name, entry.VerifyURL)
		}
		if (entry.ScriptURL == "") != scriptless[entry.Name] || (entry.Field == "") != (entry.Name == captchatest.GeeTest) {
			t.Errorf("%+v", entry)
		}
		for _, keys := range entry.TestKeys {
			if status, body := r.do("POST", "/solve", `{"service":"`+entry.Name+`","sitekey":"`+keys.Sitekey+`"}`); status != 200 && !strings.Contains(body, "blocked") {
				t.Errorf("%s: the test key gets %s", entry.Name, body)
			}
		}
	}
}

// The API reveals secrets and is for tests alone, so visitors' browsers must not be able
// to reach it.
func TestControlIsNotAmongWhatIsServed(t *testing.T) {
	s := captchatest.NewServer()
	defer s.Close()
	for _, path := range []string{"/history", "/services"} {
		response, err := http.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}
