package main

import (
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/demo"
)

// The terminal warns a user who serves other machines over plain HTTP.
func TestGreeting(t *testing.T) {
	const warning, certificate = "start it with -tls", "Its SHA-256 is"
	rows := []struct {
		name     string
		server   demo.Server
		tls      bool
		want     string
		wantNone []string
	}{
		{"this machine only", demo.Server{URL: "http://127.0.0.1:8080", Others: []string{"http://localhost:8080", "http://[::1]:8080"}},
			false, "open    http://127.0.0.1:8080\n\n", []string{warning, certificate, "-k"}},
		{"every address", demo.Server{URL: "http://localhost:8080", Others: []string{"http://127.0.0.1:8080", "http://192.168.1.20:8080"}},
			false, warning, []string{certificate}},
		{"every address is named", demo.Server{URL: "http://localhost:8080", Others: []string{"http://127.0.0.1:8080", "http://192.168.1.20:8080"}},
			false, "open    http://localhost:8080\n          http://192.168.1.20:8080\n\n", nil},
		{"one outside address", demo.Server{URL: "http://192.168.1.20:8080"},
			false, warning, []string{certificate}},
		{"every address with TLS", demo.Server{URL: "https://localhost:8080", Others: []string{"https://192.168.1.20:8080"}, Fingerprint: "ab12"},
			true, certificate, []string{warning}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var b strings.Builder
			demoCommand{TLS: row.tls}.greet(&b, &row.server)
			if !strings.Contains(b.String(), row.want) {
				t.Errorf("it does not say %q:\n%s", row.want, &b)
			}
			for _, text := range row.wantNone {
				if strings.Contains(b.String(), text) {
					t.Errorf("it says %q:\n%s", text, &b)
				}
			}
		})
	}
}

func TestFlagsWithOneDash(t *testing.T) {
	rows := []struct{ name, typed, spelled string }{
		{"a flag with one dash", "demo -listen :8080", "demo --listen :8080"},
		{"a flag with its value", "demo -listen=:8080", "demo --listen=:8080"},
		{"two dashes stay", "demo --listen :8080", "demo --listen :8080"},
		{"one letter stays", "demo -h", "demo -h"},
		{"a lone dash stays", "demo -", "demo -"},
		{"a negative number stays", "demo -8080", "demo -8080"},
		{"no argument means help", "", "--help"},
		{"help as a word", "help", "--help"},
		{"help of a command", "help demo", "demo --help"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := strings.Join(spelled(strings.Fields(row.typed)), " "); got != row.spelled {
				t.Errorf("%q, want %q", got, row.spelled)
			}
		})
	}
}
