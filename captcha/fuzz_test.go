package captcha_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

// host is the expected host of the answers, in any case and with any port.
const host = "www.example.com"

// The law: a token passes only if the service's answer is one JSON object with the
// member for success. That member occurs once in all spellings, is spelt exactly and is
// true. The bound values also occur once, with the expected content. The test parses the
// answer independently, every value of every name.
func FuzzAnswer(f *testing.F) {
	all := sheets(f)
	for _, service := range slices.Sorted(maps.Keys(all)) {
		for _, name := range slices.Sorted(maps.Keys(all[service].Answers)) {
			f.Add([]byte(all[service].Answers[name].Body))
		}
	}
	f.Add([]byte(`{"success":true,"Success":false,"hostname":"www.example.com","action":"login","challenge_ts":"2026-11-22T09:15:30Z"}`))
	f.Add([]byte(`{"success":false,"success":true,"hostname":"www.example.com","challenge_ts":"2026-11-22T09:15:30Z"}`))
	f.Add([]byte(`{"success":true,"hostname":"www.example.com","challenge_ts":"2026-11-22T09:15:30Z","\u017fuccess":true}{}`))
	f.Add([]byte(`{"status":"ok","message":"","host":"WWW.example.com:443"}`))
	f.Add([]byte(`{"tokenProperties":{"valid":false,"valid":true,"hostname":"www.example.com","action":"login","createTime":"2026-11-22T09:15:30Z"},"riskAnalysis":{"score":1}}`))
	services := captchatest.New()
	services.SetClock(func() time.Time { return fixtureNow })
	tokens := map[string]string{}
	for service := range constructors {
		tokens[service] = solveAt(services, service)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(body)), Header: http.Header{}}, nil
		})}
		for service, construct := range constructors {
			p := construct("sitekey", "secret", captcha.Client(client))
			attempt := captcha.Attempt{Token: tokens[service], Now: fixtureNow, Expect: fixtureExpect}
			if outcome(p.Verify(context.Background(), attempt)) != "ok" {
				continue
			}
			for path, want := range all[service].Law {
				if got := only(t, body, path); !same(got, want) {
					t.Fatalf("%s accepts %s %v in %q", service, path, got, body)
				}
			}
		}
	})
}

// solveAt returns a token of the sitekey "sitekey".
func solveAt(services *captchatest.Server, service string) string {
	return services.Solve(service, "sitekey", captchatest.Solution{})
}

// same compares values exactly, but hosts without scheme, case and port.
func same(got, want any) bool {
	if want != host {
		return got == want
	}
	text, _ := got.(string)
	if _, rest, found := strings.Cut(text, "://"); found {
		text = rest
	}
	text, _, _ = strings.Cut(text, ":")
	return strings.EqualFold(text, host)
}

// only returns the single value at a path such as "data.origin".
func only(t *testing.T, body []byte, path string) (value any) {
	for _, name := range strings.Split(path, ".") {
		members := membersOf(t, body)
		if len(members[name]) != 1 {
			t.Fatalf("accepted with %d members %s: %q", len(members[name]), name, body)
		}
		for other := range members {
			if other != name && strings.EqualFold(other, name) {
				t.Fatalf("accepted with %q: %q", other, body)
			}
		}
		body = members[name][0]
	}
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// membersOf reads one JSON object, token by token, with every value of a name.
func membersOf(t *testing.T, body []byte) map[string][]json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		t.Fatalf("accepted without an object: %q", body)
	}
	members := map[string][]json.RawMessage{}
	for decoder.More() {
		key, err := decoder.Token()
		name, isText := key.(string)
		var value json.RawMessage
		if err != nil || !isText || decoder.Decode(&value) != nil {
			t.Fatalf("accepted an incomplete answer: %q", body)
		}
		members[name] = append(members[name], value)
	}
	if _, err := decoder.Token(); err != nil {
		t.Fatalf("accepted without an end: %q", body)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Fatalf("accepted with text after the object: %q", body)
	}
	return members
}

// The law: every token is refused or sent to the service, and never an error of ours.
// A token is sent only if it names our sitekey. A signature is valid for one ID, in
// every spelling of the payload.
func FuzzToken(f *testing.F) {
	services := captchatest.New()
	services.SetClock(func() time.Time { return noon })
	named := map[string]string{
		captchatest.Prosopo: hex.EncodeToString([]byte("sitekey")), captchatest.Cap: "sitekey:", captchatest.GeeTest: "", captchatest.Sentinel: "",
	}
	for service := range named {
		if service != captchatest.Sentinel {
			f.Add(solveAt(services, service))
		}
	}
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(solveAt(services, captchatest.GeeTest))))
	f.Add("0x0001ff")
	local := captcha.SentinelLocal("sitekey", "secret")
	const id = "time=1795348800&verified=true" // the signed one, at noon
	one := signed(id, "secret")
	f.Add(one)
	f.Add(strings.TrimRight(one, "="))
	f.Fuzz(func(t *testing.T, token string) {
		for service, name := range named {
			called := false
			client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				called = true
				return nil, io.ErrUnexpectedEOF
			})}
			p := constructors[service]("sitekey", "secret", captcha.Client(client))
			got := outcome(p.Verify(context.Background(), captcha.Attempt{Token: token, Now: noon}))
			if called != (got == "unavailable") {
				t.Fatalf("%s: %s, called %v for %q", service, got, called, token)
			}
			if called && !strings.Contains(token, name) {
				t.Fatalf("%s is asked about %q", service, token)
			}
		}
		result, err := local.Verify(context.Background(), captcha.Attempt{Token: token, Now: noon})
		if got := outcome(result, err); got == "unavailable" || got == "misconfigured" {
			t.Fatalf("%s for %q", got, token)
		}
		if result.OK && result.ID != id || token == one && !result.OK {
			t.Fatalf("%+v for %q", result, token)
		}
	})
}
