package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/internal/gateway"
)

// frameAncestors returns the last directive of our policy.
func frameAncestors(h http.Header) string {
	_, list, _ := strings.Cut(h.Get("Content-Security-Policy"), "frame-ancestors ")
	return list
}

func TestWhoMayFrameAChallenge(t *testing.T) {
	const csp, xfo, partner = "Content-Security-Policy", "X-Frame-Options", "https://partner.example"
	for _, test := range []struct {
		name    string
		headers []string // of the page with the form; nil: no page was seen
		parents []string // of the configuration
		want    string
	}{
		{"no page was seen", nil, nil, "'self'"},
		{"the page says nothing", []string{"X-A", "b"}, nil, "'self' *"},
		{"the page is for a partner", []string{csp, "frame-ancestors 'self' " + partner}, nil, "'self' " + partner},
		{"the page has another directive only", []string{csp, "img-src 'self'", xfo, "DENY"}, nil, "'self'"},
		{"the page is for nobody", []string{csp, "frame-ancestors 'none'"}, nil, "'self'"},
		{"the page is for its own site", []string{xfo, "SAMEORIGIN"}, nil, "'self'"},
		{"the policy counts before the older header", []string{csp, "frame-ancestors " + partner, xfo, "DENY"}, nil, "'self' " + partner},
		{"two policies", []string{csp, "frame-ancestors " + partner + ", frame-ancestors *"}, nil, "'self'"},
		{"a policy that only reports", []string{csp + "-Report-Only", "frame-ancestors " + partner, xfo, "DENY"}, nil, "'self'"},
		{"the configuration", []string{csp, "frame-ancestors *"}, []string{"'self'", "https://*.other.example"}, "'self' https://*.other.example"},
		{"the configuration says nobody", []string{csp, "frame-ancestors *"}, []string{"'none'"}, "'none'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.FrameParents = test.parents })
			if test.headers != nil {
				w.page(signupPage, test.headers...)
				w.get("/")
			}
			if got := frameAncestors(w.post("/signup", nil).header); got != test.want {
				t.Errorf("a challenge: %s, want %s", got, test.want)
			}
			cross := w.post("/signup", nil, header("Sec-Fetch-Site", "cross-site"))
			if got := frameAncestors(cross.header); got != test.want {
				t.Errorf("a refusal: %s, want %s", got, test.want)
			}
			if test.parents != nil {
				if got := frameAncestors(w.post("//odd", nil).header); got != test.want {
					t.Errorf("a notice of the gateway: %s, want %s", got, test.want)
				}
			}
		})
	}
}

func TestParentsAreForgotten(t *testing.T) {
	w := newWorld(t)
	w.page(signupPage, "Content-Security-Policy", "frame-ancestors https://a.example")
	w.get("/")
	w.wait(4 * time.Hour)
	if got := frameAncestors(w.post("/signup", nil).header); got != "'self'" {
		t.Errorf("after the life of a ticket: %s", got)
	}
	w.get("/")
	many := strings.Repeat(" https://b", 33)
	w.page(signupPage, "Content-Security-Policy", "frame-ancestors"+many)
	w.get("/")
	if got := frameAncestors(w.post("/signup", nil).header); got != "'self' https://a.example" {
		t.Errorf("a page with too many: %s", got)
	}
	for i := range 32 {
		w.page(signupPage, "Content-Security-Policy", "frame-ancestors https://b"+string(rune('a'+i%26))+string(rune('a'+i/26))+".example")
		w.get("/")
	}
	if got := frameAncestors(w.post("/signup", nil).header); strings.Contains(got, "//a.example") || strings.Count(got, " ") != 32 {
		t.Errorf("after 32 others: %s", got)
	}
}

func TestParentsThatAreMistakes(t *testing.T) {
	for _, sources := range [][]string{{""}, {"self"}, {"partner.example"}, {"https://partner.example/x"}, {"https://a; script-src *"}, {"'none'", "'self'"}, {"'unsafe-inline'"}} {
		_, err := gateway.New(gateway.Config{Sites: []gateway.Site{{Host: "localhost", FrameParents: sources}}})
		if err == nil || !strings.Contains(err.Error(), "FrameParents") {
			t.Errorf("%q: %v", sources, err)
		}
	}
}
