package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/report"
)

// staging is an app that checks the captcha only if checks is set.
func staging(t *testing.T, checks bool) string {
	t.Helper()
	services := captchatest.NewServer() // with the official test keys
	t.Cleanup(services.Close)
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/count":
			fmt.Fprint(w, n.Load())
		case r.Method == http.MethodPost && r.URL.Path == "/signup":
			resp, err := http.PostForm(services.VerifyURL(captchatest.HCaptcha), map[string][]string{
				"secret": {"0x0000000000000000000000000000000000000000"}, "response": {r.PostFormValue("h-captcha-response")},
			})
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			var answer struct{ Success bool }
			_ = json.NewDecoder(resp.Body).Decode(&answer)
			if checks && !answer.Success {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			n.Add(1)
		default:
			io.WriteString(w, `<form method="post" action="/signup"><input name="email"><div class="h-captcha" data-sitekey="k"></div></form>`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// The exit status tells a build the severity of the findings.
func TestAuditExitStatus(t *testing.T) {
	t.Parallel() // it waits more than it computes
	good, open := staging(t, true), staging(t, false)
	dir := t.TempDir()
	known := filepath.Join(dir, "known.json")
	file := filepath.Join(dir, "audit.yaml")
	text := "effect: /count\ntoken: testkey\nonly: [A01]\nforms:\n  - target: " + good + "/signup\n  - target: " + open + "/signup\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(dir, "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("effekt: /count\nrate: many\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want int
		says string
	}{
		{"nothing found", []string{good + "/signup", "-effect", "/count", "-token", "testkey", "-only", "A01,A02"}, 0, "Protected, as far as 1 rule can tell."},
		{"a critical finding", []string{open + "/signup", "-effect", "/count", "-token", "testkey", "-only", "A01", "-json", known}, 7, "critical  A01 The form is accepted without the captcha"},
		{"the same, known before", []string{open + "/signup", "-effect", "/count", "-token", "testkey", "-only", "A01", "-baseline", known}, 0, "1 known before"},
		{"a remark", []string{good + "/signup", "-effect", "/count", "-token", "testkey", "-only", "G10"}, 0, "Protected, with 1 remark."},
		{"a remark that counts", []string{good + "/signup", "-effect", "/count", "-token", "testkey", "-only", "G10", "-fail-on", "note"}, 4, "note"},
		{"no rule could be decided", []string{good + "/signup", "-only", "A01"}, 3, "no way to a valid token"},
		{"no oracle", []string{good + "/signup", "-token", "testkey", "-only", "A01"}, 3, "give -effect"},
		{"a target that is down", []string{"http://127.0.0.1:1/signup", "-effect", "/count", "-token", "testkey"}, 3, "cannot be reached"},
		{"two forms of a file, one of them open", []string{"-c", file}, 7, "accepted with a valid token, and without one as well"},
		{"the list", []string{"-list"}, 0, "B02  high"},
		{"a target beside a file", []string{good + "/signup", "-c", file}, 2, "leave out http"},
		{"an invalid encoding", []string{good + "/signup", "-encoding", "xml"}, 2, `"xml" is none of form, multipart and json`},
		{"an invalid cookie", []string{good + "/signup", "-cookie", "abc"}, 2, `-cookie "abc" is not NAME=VALUE`},
		{"an effect that never changes", []string{good + "/signup", "-effect", "cmd:echo 7", "-token", "testkey", "-only", "A01"}, 3, "does -effect look at the right place?"},
		{"an effect without a number", []string{good + "/signup", "-effect", "cmd:echo user2", "-token", "testkey", "-only", "A01"}, 3, "printed no number, but user2"},
		{"no target", nil, 2, "say which page to audit"},
		{"an unknown rule", []string{good + "/signup", "-only", "Q1"}, 2, `no rule "Q1"`},
		{"an invalid time", []string{good + "/signup", "-min-fill", "long"}, 2, "not a length of time"},
		{"a public host", []string{"http://203.0.113.1/signup", "-effect", "/count"}, 1, "/.well-known/palisade-audit"},
		{"a file with two mistakes", []string{"-c", wrong}, 1, `there is no "effekt" here; did you mean "effect"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, told bytes.Buffer // told also gets the progress, at any time
			if status := run(append([]string{"audit"}, c.args...), &out, &told); status != c.want {
				t.Errorf("status %d, want %d\n%s\n%s", status, c.want, &out, &told)
			}
			says := told.String()
			if c.want == 0 || c.want > 2 { // the audit wrote a report
				says = out.String()
			}
			if !strings.Contains(says, c.says) {
				t.Errorf("it does not say %q:\n%s\n%s", c.says, &out, &told)
			}
		})
	}
}

// Before the audit sends anything, it announces the most requests it will send.
func TestAuditAnnouncesAndWritesReports(t *testing.T) {
	target := staging(t, false)
	dir := t.TempDir()
	args := []string{"audit", target + "/signup", "-effect", "/count", "-token", "testkey", "-only", "A01"}
	for _, format := range []string{"json", "sarif", "junit", "html"} {
		args = append(args, "-"+format, filepath.Join(dir, "report."+format))
	}
	var out, told bytes.Buffer
	if status := run(args, &out, &told); status != 7 {
		t.Errorf("status %d\n%s", status, &told)
	}
	if !strings.HasPrefix(told.String(), "Auditing "+target+"/signup: 1 rule, at most ") {
		t.Errorf("it announced %q", &told)
	}
	for format, has := range map[string]string{"json": `"id": "A01"`, "sarif": `"ruleId": "A01"`, "junit": "<failure", "html": "The form is accepted without the captcha"} {
		text, err := os.ReadFile(filepath.Join(dir, "report."+format))
		if err != nil || !bytes.Contains(text, []byte(has)) {
			t.Errorf("%s: %v, it lacks %s", format, err, has)
		}
	}
	out.Reset()
	if run(append(args[:len(args)-8], "-json", "-"), &out, io.Discard); !json.Valid(out.Bytes()) {
		t.Errorf("not JSON alone: %s", &out)
	}
	if _, err := report.Read(&out); err != nil {
		t.Error(err)
	}
}
