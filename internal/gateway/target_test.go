package gateway_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/palisade-dev/palisade/internal/gateway"
)

// The test sends request targets as raw bytes, because clients normalize them.
var targets = []struct {
	name, method, target string
	status               int
	got                  string // target of the app's request, "" if it gets none
}{
	{"origin-form", "GET", "/page?a=b", 200, "/page?a=b"},
	{"origin-form with a query that is empty", "GET", "/page?", 200, "/page?"},
	{"origin-form with two slashes", "GET", "//page", 200, "//page"},
	{"origin-form with an escape that is kept", "GET", "/p%61ge", 200, "/p%61ge"},
	{"a submission", "POST", "/signup", 403, ""},
	{"an open submission", "POST", "/open", 200, "/open"},
	{"a submission with a session id", "POST", "/signup;jsessionid=0A1B.node1", 403, ""},
	{"a submission with a session id behind a slash", "POST", "/signup/;jsessionid=0A1B", 403, ""},
	{"an open submission with a session id", "POST", "/open/;jsessionid=0A1B", 200, "/open/;jsessionid=0A1B"},
	{"another scheme", "POST", "x:/signup", 400, ""},
	{"a scheme without a host", "POST", "http:/signup", 400, ""},
	{"a scheme without a host or slash", "POST", "http:signup", 400, ""},
	{"an empty host", "POST", "http:///signup", 400, ""},
	{"a scheme of files", "POST", "file://localhost/signup", 400, ""},
	{"another scheme for a page", "GET", "x:/page", 400, ""},
	{"a number sign", "POST", "/signup#x", 400, ""},
	{"a host before the path", "POST", "//x/signup", 400, ""},
	{"a host after a backslash", "POST", `/\x/signup`, 400, ""},
}

func TestTargets(t *testing.T) {
	w := newWorld(t)
	for _, test := range append(targets, []struct {
		name, method, target string
		status               int
		got                  string
	}{
		{"absolute-form of a page", "GET", "http://localhost/page?a", 200, "/page?a"},
		{"absolute-form in capitals", "GET", "HTTP://LOCALHOST/page", 200, "/page"},
		{"absolute-form without a path", "GET", "http://localhost", 200, "/"},
		{"absolute-form of a submission", "POST", "http://localhost/signup", 403, ""},
		{"absolute-form of an open submission", "POST", "http://localhost/open", 200, "/open"},
		{"absolute-form with a name", "POST", "http://a@localhost/signup", 400, ""},
	}...) {
		t.Run(test.name, func(t *testing.T) {
			_, before := w.last()
			status := w.raw(t, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", test.method, test.target))
			w.compare(t, before, status, test.status, test.got)
		})
	}
}

func TestTargetsOverHTTP2(t *testing.T) {
	w := newWorld(t)
	front := httptest.NewUnstartedServer(w.handler)
	front.EnableHTTP2 = true
	front.StartTLS()
	t.Cleanup(front.Close)
	for _, test := range append(targets, []struct {
		name, method, target string
		status               int
		got                  string
	}{
		{"a space", "POST", "/signup HTTP/1.1", 400, ""},
		{"a space before the path", "POST", "/ /signup", 400, ""},
		{"no slash", "POST", "signup", 400, ""},
		{"absolute-form, which HTTP/2 does not have", "GET", "http://localhost/page", 400, ""},
	}...) {
		t.Run(test.name, func(t *testing.T) {
			_, before := w.last()
			w.compare(t, before, rawHTTP2(t, front.Listener.Addr().String(), test.method, test.target), test.status, test.got)
		})
	}
}

// The host of an absolute-form counts, not the Host header (RFC 9112, 3.2.2).
func TestAnAbsoluteFormNamesTheSite(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.AnyHost = false })
	if status := w.raw(t, "GET http://other.example/page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); status != 421 {
		t.Errorf("status %d, want 421", status)
	}
}

// compare checks the result of a raw request. A server may refuse the request before the
// gateway sees it.
func (w *world) compare(t *testing.T, before, status, want int, got string) {
	t.Helper()
	if status != want {
		t.Errorf("status %d because %s, want %d", status, w.reason(), want)
	}
	last, after := w.last()
	switch {
	case got == "" && after != before:
		t.Errorf("the app got %s %s", last.method, last.target)
	case got != "" && (after != before+1 || last.target != got):
		t.Errorf("the app got %q in %d requests, want %q", last.target, after-before, got)
	}
}

// raw sends bytes and returns the status of the answer.
func (w *world) raw(t *testing.T, request string) int {
	t.Helper()
	return w.pieces(t, request)
}

// pieces sends each piece in a write of its own.
func (w *world) pieces(t *testing.T, pieces ...string) int {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, piece := range pieces {
		if _, err := io.WriteString(conn, piece); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// rawHTTP2 sends a request with any path; a stream that the server resets counts as
// 400.
func rawHTTP2(t *testing.T, address, method, path string) (status int) {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var block bytes.Buffer
	headers := hpack.NewEncoder(&block)
	for _, f := range [][2]string{{":method", method}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}} {
		_ = headers.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}) // a buffer in memory takes every write
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_, err = io.WriteString(conn, http2.ClientPreface)
	if err == nil {
		err = framer.WriteSettings()
	}
	if err == nil {
		err = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
	}
	for err == nil {
		var frame http2.Frame
		if frame, err = framer.ReadFrame(); err != nil {
			break
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			_, err := fmt.Sscan(f.PseudoValue("status"), &status)
			if err != nil {
				t.Fatal(err)
			}
			return status
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return http.StatusBadRequest
		}
	}
	t.Fatal(err)
	return 0
}
