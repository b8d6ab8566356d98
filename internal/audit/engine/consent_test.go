package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// proof is the text that a host publishes.
const proof = "a text of sixteen characters or more"

// The file must have the proof and nothing else. A redirect to another file does not count.
func TestConsentByFile(t *testing.T) {
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		allowed bool
	}{
		"the proof":                    {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, proof) }, true},
		"the proof and more text":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, proof, proof) }, false},
		"a page that repeats the path": {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }, false},
		"the proof with status 404":    {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, proof, http.StatusNotFound) }, false},
		"a redirect to the proof":      {func(w http.ResponseWriter, r *http.Request) { redirectOnce(w, r) }, false},
		"nothing":                      {func(http.ResponseWriter, *http.Request) {}, false},
		"an answer that does not end":  {endless, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.answer)
			t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
			u, _ := url.Parse(server.URL + "/signup?x=1")
			err := engine.Published(context.Background(), u, []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, proof)
			if c.allowed != (err == nil) || err != nil && !errors.Is(err, engine.ErrConsent) {
				t.Errorf("%v", err)
			}
		})
	}
}

func redirectOnce(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == engine.ConsentPath {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
		return
	}
	fmt.Fprint(w, proof)
}

func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, "x"); err != nil {
			return
		}
	}
}
