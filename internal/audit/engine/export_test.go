package engine

import (
	"context"
	"net/netip"
	"net/url"
	"testing"
	"time"
)

// Published gives tests the lookup of a proof in a file, because no test has a public
// address.
var Published = published

// Send tries to send n requests. It returns how many the wire let through and how long they
// took.
func Send(t testing.TB, address string, bound, n, rate int) (sent int, took time.Duration) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{
		scheme: u.Scheme, at: []netip.Addr{netip.MustParseAddr(u.Hostname())}, port: u.Port(), patience: time.Minute, left: bound, every: time.Second / time.Duration(rate),
	}
	began := time.Now()
	for range n {
		s := &Shot{Method: "GET", Target: "/welcome", Host: u.Host}
		_, _ = w.send(context.Background(), s.Method, s.Bytes(), netip.Addr{}) // refused by the bound, or answered
	}
	return w.count(), time.Since(began)
}
