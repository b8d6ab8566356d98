package captcha_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/captcha"
)

// The law: a token passes only if the service's answer is one JSON object in
// which exactly one member is called success in any spelling, it is spelled so
// and is true, and what the service is bound to is there once and as expected.
// The answer is read here anew, every value of every name.
func FuzzAnswer(f *testing.F) {
	table := readOutcomes(f)
	for _, file := range fixtures(f) {
		body, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"success":true,"Success":false,"hostname":"www.example.com","action":"login","challenge_ts":"2026-11-22T09:15:30Z"}`))
	f.Add([]byte(`{"success":false,"success":true,"hostname":"www.example.com","challenge_ts":"2026-11-22T09:15:30Z"}`))
	f.Add([]byte(`{"success":true,"hostname":"www.example.com","challenge_ts":"2026-11-22T09:15:30Z","\u017fuccess":true}{}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(body)), Header: http.Header{}}, nil
		})}
		for service, construct := range constructors {
			if at(table.Now, construct("sitekey", "secret", captcha.Client(client)), table.Expect) != "ok" {
				continue
			}
			members := membersOf(t, body)
			if got := members["success"]; len(got) != 1 || got[0] != any(true) {
				t.Fatalf("%s accepts success %v in %q", service, got, body)
			}
			for name := range members {
				if name != "success" && strings.EqualFold(name, "success") {
					t.Fatalf("%s accepts %q in %q", service, name, body)
				}
			}
			bound := map[string][]string{
				"recaptcha-v2": {"hostname"}, "recaptcha-v3": {"hostname", "action"}, "turnstile": {"hostname", "action", "cdata"},
			}[service]
			want := map[string]string{"hostname": table.Expect.Hosts[0], "action": table.Expect.Action, "cdata": table.Expect.CData}
			for _, name := range bound {
				if got := members[name]; len(got) != 1 || !isText(got[0], name, want[name]) {
					t.Fatalf("%s accepts %s %v in %q", service, name, got, body)
				}
			}
		}
	})
}

// isText compares a hostname without case and port, and all else to the letter.
func isText(got any, name, want string) bool {
	text, _ := got.(string)
	if name != "hostname" {
		return text == want
	}
	host, _, _ := strings.Cut(text, ":")
	return strings.EqualFold(host, want)
}

// membersOf reads one JSON object, token by token and with every value of a name.
func membersOf(t *testing.T, body []byte) map[string][]any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		t.Fatalf("accepted without an object: %q", body)
	}
	members := map[string][]any{}
	for decoder.More() {
		key, err := decoder.Token()
		name, isText := key.(string)
		var value any
		if err != nil || !isText || decoder.Decode(&value) != nil {
			t.Fatalf("accepted what breaks off: %q", body)
		}
		members[name] = append(members[name], value)
	}
	if _, err := decoder.Token(); err != nil {
		t.Fatalf("accepted without an end: %q", body)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Fatalf("accepted with something behind it: %q", body)
	}
	return members
}
