package service_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/service"
)

// BenchmarkBogus is a call of siteverify with an invalid token, without HTTP. It measures
// allocations; bench/ measures the time over HTTP.
func BenchmarkBogus(b *testing.B) {
	s, err := service.New(service.Config{
		Keys: palisade.Keys{Current: []byte("a key of the tests, of 32 bytes or more")}, ClientIP: clientip.RemoteAddr(),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Sites:  []service.Site{{Key: "shop", Secret: shopSecret, Hosts: []string{"shop.example"}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	body := url.Values{"secret": {shopSecret}, "response": {strings.Repeat("A", 700)}, "remoteip": {"203.0.113.7"}}.Encode()
	header := http.Header{"Content-Type": {form}}
	b.ReportAllocs()
	for b.Loop() {
		r := &http.Request{Method: "POST", URL: &url.URL{Path: "/turnstile/v0/siteverify"}, Header: header, Body: io.NopCloser(strings.NewReader(body)), Host: "x"}
		s.ServeHTTP(&nowhere{header: make(http.Header)}, r)
	}
}

// nowhere is an http.ResponseWriter that drops its data.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}
