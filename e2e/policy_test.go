package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// Pages with their own Content Security Policy, behind the gateway. The policy must not
// block or report a script of ours. If the policy allows no script, the gateway adds none,
// and the challenge page takes over.
func TestPoliciesOfTheAppHoldBehindTheGateway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, policy string
		challenged   bool
	}{
		{"own files", "default-src 'self'", false},
		{"a nonce", "default-src 'self'; script-src 'nonce-NONCE'; style-src 'nonce-NONCE'", false},
		{"a nonce and strict-dynamic", "default-src 'self'; script-src 'nonce-NONCE' 'strict-dynamic'", false},
		{"trusted types", "default-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'", false},
		{"no workers, no connections", "default-src 'self'; worker-src 'none'; connect-src 'none'", false},
		{"no scripts", "default-src 'self'; script-src 'none'", true},
		{"a sandbox", "sandbox allow-forms allow-same-origin", true},
		{"only forms", "default-src 'none'; form-action 'self'", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var effects atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					effects.Add(1)
					http.Redirect(w, r, "/done", http.StatusSeeOther)
					return
				}
				w.Header().Set("Content-Type", "text/html")
				if r.URL.Path == "/form" {
					nonce := fmt.Sprint("n", effects.Load())
					w.Header().Set("Content-Security-Policy", strings.ReplaceAll(test.policy, "NONCE", nonce))
				}
				io.WriteString(w, `<!doctype html><html lang="en"><title>x</title><form method="post" action="/form"><input name="user" value="ada"><button>Go</button></form>`)
			}))
			t.Cleanup(server.Close)
			front := visited(gateway(t, &apps.App{URL: server.URL}, "  - {host: \"*\", upstream: UPSTREAM, forms: [{route: POST /form, min_fill: 0s}]}\n"))
			b := blank(t)
			b.goTo(front + "/form")
			if strings.HasPrefix(test.policy, "sandbox") {
				b.until("document.forms.length") // scripts of the test run all the same
			}
			if violations := b.violations(); len(violations) > 0 {
				t.Errorf("violations of the policy: %q", violations)
			}
			b.click("form button")
			if test.challenged {
				b.confirm()
			}
			b.arrives("/done")
			if n := effects.Load(); n != 1 {
				t.Errorf("%d effects, want 1", n)
			}
		})
	}
}
