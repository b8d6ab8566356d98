package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// On a page with a strict Content Security Policy, the proof is made all the same, and the
// script does nothing that the policy forbids.
func TestStrictPoliciesDoNotHinderTheProof(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		csp    string
		cached bool
	}{
		"only files of the site":               {csp: "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"},
		"the same for a page that fetches":     {csp: "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'", cached: true},
		"nonces alone":                         {csp: "default-src 'none'; script-src NONCE; style-src NONCE; connect-src 'self'"},
		"nonces and strict-dynamic":            {csp: "default-src 'none'; script-src NONCE 'strict-dynamic'; style-src NONCE"},
		"no workers":                           {csp: "worker-src 'none'; child-src 'none'"},
		"no connections":                       {csp: "connect-src 'none'"},
		"Trusted Types":                        {csp: "require-trusted-types-for 'script'; trusted-types 'none'"},
		"Trusted Types on a page that fetches": {csp: "require-trusted-types-for 'script'; trusted-types 'none'", cached: true},
		"no frames, objects, base":             {csp: "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.csp, s.cached = test.csp, test.cached && !strings.Contains(test.csp, "NONCE")
			b := open(s, "/")
			b.fill(typed)
			b.do("document.querySelector('[name=email]').focus()")
			b.until("seen.events.includes('palisade:solved')")
			if violations := b.violations(); len(violations) > 0 {
				t.Errorf("violations of the policy: %q", violations)
			}
			if hidden := eval[bool](b, "[...document.querySelectorAll('.palisade-aside')].length === 2 && [...document.querySelectorAll('.palisade-aside')].every(e => getComputedStyle(e).display === 'none')"); !hidden {
				t.Error("the decoys can be seen")
			}
			b.click("#send")
			b.arrives("/welcome")
			s.expect(1, "allow clean")
			s.expectTyped(typed)
		})
	}
}

// If the script cannot do its work, the form is sent without a proof. The server answers
// with the challenge page. After the visible step, the typed values arrive.
func TestThePageTakesOverWhereTheScriptCannot(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		csp     string
		cached  bool
		before  string // runs before the scripts of the form's page
		decided string // of the first submission
	}{
		"scripts are forbidden":               {csp: "script-src 'none'", decided: "challenge proof-missing"},
		"the page is in a sandbox":            {csp: "sandbox allow-forms allow-same-origin", decided: "challenge proof-missing"},
		"its nonce is missing":                {csp: "script-src 'nonce-b3RoZXI='", decided: "challenge proof-missing"},
		"no ticket can be fetched":            {csp: "connect-src 'none'", cached: true, decided: "challenge ticket-missing"},
		"the browser is too old for the work": {before: "delete Crypto.prototype.subtle", decided: "challenge proof-missing"},
		"the work fails":                      {before: "SubtleCrypto.prototype.deriveBits = () => Promise.reject(new Error('no'))", decided: "challenge proof-missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.csp, s.cached = test.csp, test.cached
			b := blank(t)
			if test.before != "" {
				b.beforeScripts("if (location.pathname === '/') { %s }", test.before)
			}
			b.goTo(s.url + "/")
			for _, text := range []string{tabKey, "Ada", tabKey, "ada@example.org", tabKey, "one", enter, "two", tabKey, enter} {
				b.keys(text) // not by a script, because the page may block scripts
			}
			b.arrives("/signup")
			s.expect(0, test.decided)
			b.takeStep(s)
			b.arrives("/welcome")
			s.expect(1, test.decided+", allow clean")
			s.expectTyped(map[string]string{"username": "Ada", "email": "ada@example.org", "about": "one\r\ntwo"})
		})
	}
}

// The script does not arrive, for example because an extension blocks it.
func TestThePageTakesOverWhereTheScriptDoesNotLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.refuse = func(r *http.Request) bool {
		return strings.Contains(r.URL.Path, "palisade.") && strings.HasSuffix(r.Referer(), s.url+"/")
	}
	b := open(s, "/")
	b.fill(typed)
	b.click("#send")
	b.arrives("/signup")
	s.expect(0, "challenge proof-missing")
	b.takeStep(s)
	b.arrives("/welcome")
	s.expect(1, "challenge proof-missing, allow clean")
	s.expectTyped(typed)
}
