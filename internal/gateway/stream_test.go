package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/internal/gateway"
)

// connect opens a connection on which a test can write any bytes.
func (w *world) connect() (net.Conn, *bufio.Reader) {
	w.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	return conn, bufio.NewReader(conn)
}

// newEarly is a world with an app that need not read the body.
func newEarly(t *testing.T, app http.HandlerFunc) *world {
	t.Helper()
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	upstream, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Upstream = upstream })
}

func TestAnAppMayAnswerBeforeItHasReadTheBody(t *testing.T) {
	const size = 1 << 20
	early := make(chan struct{})
	w := newEarly(t, func(rw http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(rw)
		_ = control.EnableFullDuplex()
		_ = control.Flush()
		<-early
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(rw, n, err)
	})
	body, pipe := io.Pipe()
	r, err := http.NewRequest("POST", w.url+"/upload", body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = size
	go func() { _, _ = pipe.Write(make([]byte, 1<<10)) }()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	close(early)
	if _, err := pipe.Write(make([]byte, size-1<<10)); err != nil {
		t.Fatal(err)
	}
	pipe.Close()
	if got, err := io.ReadAll(resp.Body); string(got) != fmt.Sprint(size, nil) || err != nil {
		t.Errorf("the app read %q (%v), want %d bytes", got, err, size)
	}
	if !resp.Close {
		t.Error("the connection may be used again, although the end of the body was unknown")
	}
}

// A client that announces a body and does not send it gets the answer. The bytes that it
// sends afterwards still count as the body.
func TestAnAnswerDoesNotWaitForTheBody(t *testing.T) {
	targets := make(chan string, 10)
	w := newEarly(t, func(rw http.ResponseWriter, r *http.Request) {
		targets <- r.RequestURI
		rw.Header().Set("Content-Length", "5")
		_ = http.NewResponseController(rw).EnableFullDuplex()
		_, _ = io.WriteString(rw, "hello")
	})
	conn, reader := w.connect()
	fmt.Fprintf(conn, "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", 200<<10, strings.Repeat("a=b&", 100))
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(resp.Body); string(got) != "hello" || err != nil || !resp.Close {
		t.Fatalf("%q, %v, closed: %v", got, err, resp.Close)
	}
	fmt.Fprint(conn, "POST /hidden HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	if rest, _ := io.ReadAll(reader); len(rest) > 0 {
		t.Errorf("another answer: %q", rest)
	}
	if len(targets) != 1 {
		t.Errorf("the app got %d requests, want 1", len(targets))
	}
}

// A connection stays usable after a body that was read completely.
func TestAConnectionServesManyBodies(t *testing.T) {
	w := newEarly(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(rw, len(body))
	})
	conn, reader := w.connect()
	for n := range 20 {
		fmt.Fprintf(conn, "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", n*1000, strings.Repeat("a", n*1000))
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(resp.Body); string(got) != fmt.Sprint(n*1000) || err != nil || resp.Close {
			t.Fatalf("body %d: status %d, %q, %v, closed: %v", n, resp.StatusCode, got, err, resp.Close)
		}
	}
}
