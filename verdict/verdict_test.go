package verdict_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/verdict"
)

var key = verdict.Key([]byte("0123456789abcdef0123456789abcdef"), "example.com")

func signed(change func(v *verdict.Verdict)) *http.Request {
	r := httptest.NewRequest("POST", "http://example.com/sign%20up?a=1", strings.NewReader("a=1"))
	v := verdict.Verdict{Site: "example.com", Form: "signup", ID: "5qyp3hdr", Mode: verdict.Enforce, Time: time.Now()}
	if change != nil {
		change(&v)
	}
	r.Header.Set(verdict.Header, v.Sign(key, r, []byte("a=1")))
	return r
}

func TestVerdictHoldsForItsRequestAlone(t *testing.T) {
	for _, test := range []struct {
		name   string
		sign   func(*verdict.Verdict)
		change func(*http.Request)
		status int
	}{
		{"as it was signed", nil, nil, 200},
		{"a client that signed its request", func(v *verdict.Verdict) { v.Mode = verdict.Exempt }, nil, 200},
		{"of a session", func(v *verdict.Verdict) { v.Mode = verdict.Session }, nil, 200},
		{"only watched", func(v *verdict.Verdict) { v.Mode = verdict.Monitor }, nil, 403},
		{"a minute ago", func(v *verdict.Verdict) { v.Time = time.Now().Add(-time.Minute) }, nil, 403},
		{"in a minute", func(v *verdict.Verdict) { v.Time = time.Now().Add(time.Minute) }, nil, 403},
		{"none", nil, func(r *http.Request) { r.Header.Del(verdict.Header) }, 403},
		{"two", nil, func(r *http.Request) { r.Header.Add(verdict.Header, r.Header.Get(verdict.Header)) }, 403},
		{"another body", nil, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("a=2")) }, 403},
		{"another method", nil, func(r *http.Request) { r.Method = "PUT" }, 403},
		{"another path", nil, func(r *http.Request) { r.URL.Path = "/admin" }, 403},
		{"another host", nil, func(r *http.Request) { r.Host = "example.org" }, 403},
		{"another form", nil, replace("form=signup", "form=vote"), 403},
		{"another site", nil, replace("site=example.com", "site=example.org"), 403},
		{"another id", nil, replace("id=5qyp3hdr", "id=5qyp3hdq"), 403},
		{"another mode", func(v *verdict.Verdict) { v.Mode = verdict.Monitor }, replace("monitor", "enforce"), 403},
		{"judged, called a session's", nil, replace("enforce", "session"), 403},
		{"a session's, called judged", func(v *verdict.Verdict) { v.Mode = verdict.Session }, replace("session", "enforce"), 403},
		{"one more member", nil, replace("v=1; ", "v=1; x=1; "), 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := signed(test.sign)
			if test.change != nil {
				test.change(r)
			}
			w := httptest.NewRecorder()
			verdict.Require(key, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); string(body) != "a=1" {
					t.Errorf("the handler got %q", body)
				}
			})).ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("status %d, want %d", w.Code, test.status)
			}
		})
	}
}

// endless is a body that never ends. It counts the reads.
type endless struct{ reads int }

func (e *endless) Read(p []byte) (int, error) { e.reads++; return len(p), nil }
func (e *endless) Close() error               { return nil }

func TestBodyOfASessionIsLeftToTheApp(t *testing.T) {
	r, body := signed(func(v *verdict.Verdict) { v.Mode = verdict.Session }), &endless{}
	r.Body = body
	w := httptest.NewRecorder()
	verdict.Require(key, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body.reads > 0 || r.Body != io.ReadCloser(body) {
			t.Errorf("the app got another body, or the check read it %d times", body.reads)
		}
		w.WriteHeader(http.StatusAccepted)
	})).ServeHTTP(w, r)
	if w.Code != http.StatusAccepted {
		t.Errorf("status %d", w.Code)
	}
}

func replace(old, now string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set(verdict.Header, strings.Replace(r.Header.Get(verdict.Header), old, now, 1))
	}
}

func TestVerdictOfAnotherSitesKeyIsRefused(t *testing.T) {
	other := verdict.Key([]byte("0123456789abcdef0123456789abcdef"), "example.org")
	if _, err := verdict.Verify(signed(nil), 1<<20, other); err == nil {
		t.Error("accepted")
	}
	if _, err := verdict.Verify(signed(nil), 1<<20, other, key); err != nil {
		t.Error("while keys are being replaced, both count:", err)
	}
	if _, err := verdict.Verify(signed(nil), 2, key); err == nil {
		t.Error("a body over the limit was accepted")
	}
}
