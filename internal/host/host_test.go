package host_test

import (
	"testing"

	"github.com/palisade-dev/palisade/internal/host"
)

func TestHosts(t *testing.T) {
	for _, row := range []struct {
		host, name string
		valid      bool
	}{
		{"example.com", "example.com", true},
		{"example.com:8443", "example.com", true},
		{"[::1]", "::1", true},
		{"[::1]:8080", "::1", true},
		{"127.0.0.1:80", "127.0.0.1", true},
		{"", "", false},
		{":80", "", false},
		{"example.com:", "example.com", false},
		{"::1", "::1", false},
		{"https://example.com", "https", false},
		{"example.com/x", "example.com/x", false},
		{"a@example.com", "a@example.com", false},
		{"example..com", "example..com", false},
		{"exam ple.com", "exam ple.com", false},
	} {
		if got := host.Name(row.host); got != row.name {
			t.Errorf("%q: name %q, want %q", row.host, got, row.name)
		}
		if got := host.Valid(row.host); got != row.valid {
			t.Errorf("%q: valid %v", row.host, got)
		}
	}
}
