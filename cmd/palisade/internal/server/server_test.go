package server

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
)

// started runs the gateway before an app.
func started(t *testing.T, app http.HandlerFunc, change func(c *config.Config)) *Server {
	t.Helper()
	upstream := httptest.NewServer(app)
	t.Cleanup(upstream.Close)
	read := func() (*config.Config, error) {
		c, err := config.Load(config.Source{Flags: config.Flags{
			Upstream: upstream.URL, Protect: []string{"POST /signup"}, Listen: []string{"127.0.0.1:0"}, Admin: "127.0.0.1:0",
			State: filepath.Join(t.TempDir(), "palisade.key"),
		}})
		if err == nil && change != nil {
			change(c)
		}
		return c, err
	}
	s, err := Start(read, slog.New(slog.DiscardHandler), new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func TestClientThatDoesNotReadIsGivenUp(t *testing.T) {
	gone := make(chan error, 1)
	s := started(t, func(w http.ResponseWriter, r *http.Request) {
		page := strings.Repeat("x", 1<<20)
		for {
			if _, err := io.WriteString(w, page); err != nil {
				gone <- err
				return
			}
		}
	}, func(c *config.Config) { c.Limits.WriteTimeout = 100 * time.Millisecond })
	conn, err := net.Dial("tcp", s.Addresses[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") // and reads no answer
	<-gone                                                // or the test never ends
}

func TestStreamWithLongPausesIsNot(t *testing.T) {
	next := make(chan bool)
	s := started(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			http.NewResponseController(w).Flush()
			<-next
		}
	}, func(c *config.Config) { c.Limits.WriteTimeout = 50 * time.Millisecond })
	resp, err := http.Get("http://" + s.Addresses[0] + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for i := range 3 {
		line := make([]byte, len("data: 0\n\n"))
		if _, err := io.ReadFull(resp.Body, line); err != nil || string(line) != fmt.Sprintf("data: %d\n\n", i) {
			t.Fatalf("%q, %v", line, err)
		}
		time.Sleep(100 * time.Millisecond) // longer than one write may take
		next <- true
	}
}

func TestRequestsUnderWayAreEndedBeforeItStops(t *testing.T) {
	began, end := make(chan bool), make(chan bool)
	s := started(t, func(w http.ResponseWriter, _ *http.Request) {
		began <- true
		<-end
		io.WriteString(w, "whole")
	}, nil)
	got := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + s.Addresses[0] + "/")
		if err != nil {
			got <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		got <- string(text)
	}()
	<-began
	stopped := make(chan bool)
	go func() { s.Stop(); close(stopped) }()
	for !s.ending.Load() {
		time.Sleep(time.Millisecond)
	}
	close(end)
	if text := <-got; text != "whole" {
		t.Errorf("the request under way got %q", text)
	}
	<-stopped
	if _, err := http.Get("http://" + s.Addresses[0] + "/"); err == nil {
		t.Error("it still listens")
	}
}

func TestBadConfigurationIsRefusedAndTheOldOneKept(t *testing.T) {
	bad := false
	s := started(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") }, func(c *config.Config) {
		if bad {
			c.Sites[0].Forms[0].MaxAge = time.Second // only the library detects this mistake
		}
	})
	before := s.gateway.Load()
	bad = true
	if err := s.Reload(); err == nil || s.gateway.Load() != before {
		t.Errorf("a bad configuration was taken: %v", err)
	}
	bad = false
	if err := s.Reload(); err != nil || s.gateway.Load() == before {
		t.Errorf("a valid configuration was refused: %v", err)
	}
}
