package demo_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/demo"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/scraper"
)

func config() demo.Config {
	return demo.Config{ClientIP: clientip.RemoteAddr(), Logger: slog.New(slog.DiscardHandler)}
}

func start(t *testing.T, listen string, secure bool) *demo.Server {
	t.Helper()
	s, err := demo.Start(listen, secure, config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func TestWhereItListens(t *testing.T) {
	t.Run("on loopback it is reached by each of its names", func(t *testing.T) {
		s := start(t, "127.0.0.1:0", false)
		port := s.URL[strings.LastIndex(s.URL, ":"):]
		want := []string{"http://localhost" + port, "http://[::1]" + port}
		if s.URL != "http://127.0.0.1"+port || !slices.Equal(s.Others, want) {
			t.Errorf("%s and %v, want 127.0.0.1 and %v", s.URL, s.Others, want)
		}
	})
	t.Run("everywhere, it names what it is reached as", func(t *testing.T) {
		s := start(t, ":0", false)
		if !strings.HasPrefix(s.URL, "http://localhost:") {
			t.Errorf("%s, want localhost first", s.URL)
		}
		if len(s.Others) < 2 {
			t.Errorf("only %v", s.Others)
		}
	})
}

func TestWhereItCannotListen(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	rows := []struct{ name, listen, says string }{
		{"a port in use", busy.Addr().String(), "another program does; end it, or choose another port"},
		{"a port alone", "8080", "give host:port"},
		{"nothing", "", "give host:port"},
		{"an address alone", "127.0.0.1", "give host:port"},
		{"a port that is not a number", "127.0.0.1:http", "must be a number"},
		{"a port that is too large", "127.0.0.1:70000", "must be a number"},
		{"an address of another machine", "192.0.2.1:8080", "cannot listen on 192.0.2.1:8080"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s, err := demo.Start(row.listen, false, config())
			if err == nil {
				s.Stop()
				t.Fatal("it listens")
			}
			if !strings.Contains(err.Error(), row.says) {
				t.Errorf("%q does not say %q", err, row.says)
			}
		})
	}
}

func TestOwnCertificate(t *testing.T) {
	s := start(t, "localhost:0", true)
	address := strings.TrimPrefix(s.URL, "https://")
	connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // the test checks the certificate below
	if err != nil {
		t.Fatal(err)
	}
	certificate := connection.ConnectionState().PeerCertificates[0]
	connection.Close()
	if got := fmt.Sprintf("%x", sha256.Sum256(certificate.Raw)); got != s.Fingerprint {
		t.Errorf("the fingerprint is %s, not %s", got, s.Fingerprint)
	}
	if left := time.Until(certificate.NotAfter); left < 24*time.Hour || left > 30*24*time.Hour {
		t.Errorf("the certificate is valid for %v", left)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := certificate.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get(s.URL + "/signup")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil || strings.Contains(string(page), "not in a secure context") {
		t.Errorf("%v; over TLS the page says that it is not secure", err)
	}
}

// The guard accepts every name that the terminal prints, and no other.
func TestOriginsThatMaySubmit(t *testing.T) {
	s := start(t, "127.0.0.1:0", false)
	rows := []struct {
		name, origin string
		cross        bool
	}{
		{"the address it listens on", s.URL, false},
		{"its name", s.Others[0], false},
		{"its IPv6 address", s.Others[1], false},
		{"another port of this machine, as servers for development have it", "http://127.0.0.1:1", false},
		{"another address of this machine", "http://127.0.0.2:1", true},
		{"another site", "https://evil.example", true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/vote", strings.NewReader("option=Oak"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", row.origin)
			r.Header.Set("Accept", "application/json")
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			// The guard refuses both, and gives one of them no way to continue.
			if offered := strings.Contains(string(body), `"challenge":{`); offered == row.cross {
				t.Errorf("status %d, challenge offered: %v", answer.StatusCode, offered)
			}
		})
	}
}

// One round trip over the network, in real time.
func TestAPersonOverTheNetwork(t *testing.T) {
	s := start(t, "127.0.0.1:0", false)
	answer, err := http.Get(s.URL + "/contact")
	if err != nil {
		t.Fatal(err)
	}
	form, err := scraper.Read(answer.Body)
	answer.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := form.Solve(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(demo.MinFill)
	answer, err = http.PostForm(s.URL+"/contact", form.Filled(url.Values{"email": {"ada@example.org"}, "message": {"Good morning!"}}))
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(page), "The message was accepted") {
		t.Errorf("status %d: %s", answer.StatusCode, page)
	}
}
