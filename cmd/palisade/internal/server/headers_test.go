package server

import (
	"net/url"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
)

// The header settings of a file reach the gateway, and check-config prints the gateway's
// errors.
func TestHeadersOfASite(t *testing.T) {
	upstream, _ := url.Parse("http://127.0.0.1:8000")
	for _, test := range []struct {
		name         string
		strip, allow []string
		trust        []string
		want         string // part of the mistake, "" for none
	}{
		{"names and beginnings", []string{"X-Our-User", "X-Corp-*"}, []string{"CF-IPCountry"}, []string{"10.0.0.0/8"}, ""},
		{"headers that a request needs", []string{"Cookie"}, nil, nil, "strip_headers: Cookie is needed"},
		{"headers that no proxy in front can set", nil, []string{"CF-IPCountry"}, nil, "allow_headers keeps what a proxy in front says"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &config.Config{Trust: test.trust, Header: "x-forwarded-for", Sites: []config.Site{{
				Host: "example.com", Upstream: upstream, Auto: true, Strip: test.strip, Allow: test.allow,
			}}}
			if err := Check(c); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}
