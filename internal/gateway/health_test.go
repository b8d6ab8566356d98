package gateway_test

import (
	"net/http"
	"testing"

	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/gateway"
)

// behindProxy makes the test's own client a named proxy.
func behindProxy(c *gateway.Config, s *gateway.Site) {
	c.ClientIP = clientip.Proxies("127.0.0.1")
	s.Host, s.AnyHost = "example.com", false
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func TestHealthCheck(t *testing.T) {
	direct := newWorld(t)
	proxied := newWorld(t, behindProxy)
	none := func(*http.Request) {}
	for _, test := range []struct {
		name           string
		w              *world
		method, target string
		host           string
		change         func(*http.Request)
		status         int
		body           string
	}{
		{"no proxy in front", direct, "GET", "/.palisade/healthz", "127.0.0.1", none, 200, "ok\n"},
		{"a proxy that checks by address", proxied, "GET", "/.palisade/healthz", "10.0.0.7:8080", none, 200, "ok\n"},
		{"a proxy that checks by the site's host", proxied, "GET", "/.palisade/healthz", "example.com", none, 200, "ok\n"},
		{"a proxy that forwards a visitor's check", proxied, "GET", "/.palisade/healthz", "example.com", header("X-Forwarded-For", "192.0.2.1"), 200, "ok\n"},
		{"a forwarding header that cannot be read", proxied, "GET", "/.palisade/healthz", "example.com", header("X-Forwarded-For", "unknown"), 200, "ok\n"},
		{"with a query", proxied, "GET", "/.palisade/healthz?now", "x", none, 200, "ok\n"},
		{"without a body", proxied, "HEAD", "/.palisade/healthz", "x", none, 200, ""},
		{"by a method that changes something", direct, "POST", "/.palisade/healthz", "127.0.0.1", none, 404, ""},
		{"below it", direct, "GET", "/.palisade/healthz/x", "127.0.0.1", none, 404, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := test.w.send(test.method, test.target, "", "", host(test.host), test.change)
			if a.status != test.status || test.status == 200 && a.body != test.body {
				t.Errorf("status %d %q, want %d %q", a.status, a.body, test.status, test.body)
			}
			if _, n := test.w.last(); n != 0 {
				t.Error("the app was asked")
			}
		})
	}
}

func TestARequestOfTheProxyItself(t *testing.T) {
	w := newWorld(t, behindProxy)
	none := func(*http.Request) {}
	visitor := header("X-Forwarded-For", "192.0.2.1")
	for _, test := range []struct {
		name           string
		method, target string
		change         func(*http.Request)
		status         int
		told           string // X-Forwarded-For that the app gets, "" if it gets no request
	}{
		{"its check of the app", "GET", "/", none, 200, "127.0.0.1"},
		{"its check of the app, without a body", "HEAD", "/", none, 200, "127.0.0.1"},
		{"a page for a visitor", "GET", "/", visitor, 200, "192.0.2.1"},
		{"an open submission", "POST", "/open", none, 200, "127.0.0.1"},
		{"a guarded submission without an address", "POST", "/signup", none, 400, ""},
		{"a ticket without an address", "GET", "/.palisade/ticket?form=signup", none, 400, ""},
		{"a page with an address that cannot be read", "GET", "/", header("X-Forwarded-For", "unknown"), 400, ""},
		{"a page with an empty address", "GET", "/", header("X-Forwarded-For", ""), 400, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, before := w.last()
			a := w.send(test.method, test.target, "", "", host("example.com"), test.change)
			got, after := w.last()
			if a.status != test.status || (after > before) != (test.told != "") {
				t.Fatalf("status %d because %s, want %d", a.status, w.reason(), test.status)
			}
			if test.told != "" && got.header.Get("X-Forwarded-For") != test.told {
				t.Errorf("the app is told %q, want %q", got.header.Get("X-Forwarded-For"), test.told)
			}
			if test.status == 400 && w.reason() != "address" {
				t.Errorf("refused because %s", w.reason())
			}
		})
	}
}
