package server

import (
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/secret"
)

// Two processes with one key would each accept a ticket once. The lock belongs to an open
// file. So a second Start in this process meets the lock as another process does.
func TestASecondProcessWithTheSameKeyDoesNotStart(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(c *config.Config, state string)
	}{
		{"the key of the state file", func(c *config.Config, state string) { c.State = state }},
		{"a given key", func(c *config.Config, state string) { c.Keys.Current = config.Secret(strings.Repeat(state, 2)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			state := filepath.Join(t.TempDir(), "palisade.key")
			change := func(c *config.Config) { test.change(c, state) }
			first := started(t, func(http.ResponseWriter, *http.Request) {}, change)
			again := func() (*Server, error) {
				return Start(func() (*config.Config, error) {
					c := *first.config.Load()
					c.Admin = ""
					return &c, nil
				}, slog.New(slog.DiscardHandler), new(slog.LevelVar))
			}
			if s, err := again(); !errors.Is(err, secret.ErrServed) {
				t.Fatalf("a second one starts: %v, %v", s, err)
			}
			first.Stop()
			s, err := again()
			if err != nil {
				t.Fatalf("once the first has stopped: %v", err)
			}
			s.Stop()
		})
	}
}
