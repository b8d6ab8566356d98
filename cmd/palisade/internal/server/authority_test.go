package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
)

// The certificate of httptest is its own authority. It has the names 127.0.0.1, ::1 and
// example.com.
func TestAuthorityOfAnHTTPSApp(t *testing.T) {
	seen := make(chan string, 10)
	app := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.TLS.ServerName + " " + r.Host
		io.WriteString(w, "page")
	}))
	app.Config.ErrorLog = log.New(io.Discard, "", 0)
	app.StartTLS()
	defer app.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: app.Certificate().Raw}))
	byName := strings.Replace(app.URL, "127.0.0.1", "localhost", 1) // not in the certificate

	for name, row := range map[string]struct {
		upstream, more string
		status         int
		seen           string
	}{
		"the system's authorities do not know the app": {app.URL, "", 502, ""},
		"its authority":                         {app.URL, "upstream_ca: ca.pem", 200, " shop.example"},
		"its authority, at another name":        {byName, "upstream_ca: ca.pem", 502, ""},
		"its authority and the name":            {byName, "upstream_ca: ca.pem\n    upstream_name: example.com", 200, "example.com shop.example"},
		"its authority and a name of another's": {app.URL, "upstream_ca: ca.pem\n    upstream_name: app.internal", 502, ""},
		"the name alone":                        {byName, "upstream_name: example.com", 502, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := fromFile(t, row.upstream, row.more, map[string]string{"ca.pem": ca})
			status, body := ask(t, s)
			if status != row.status || status == 200 && body != "page" {
				t.Fatalf("status %d %q, want %d", status, body, row.status)
			}
			if status == 200 {
				if got := <-seen; got != row.seen {
					t.Errorf("the app saw %q, want %q", got, row.seen)
				}
			}
		})
	}

	t.Run("a reload takes a new file", func(t *testing.T) {
		otherAuthority := selfSigned(t)
		s, dir := fromFile(t, app.URL, "upstream_ca: ca.pem", map[string]string{"ca.pem": otherAuthority})
		if status, _ := ask(t, s); status != 502 {
			t.Fatalf("an app of another authority: status %d", status)
		}
		for _, step := range []struct {
			text   string
			bad    bool
			status int
		}{{ca, false, 200}, {"", true, 200}, {otherAuthority, false, 502}} {
			if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte(step.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := s.Reload(); (err != nil) != step.bad {
				t.Fatalf("reload: %v", err)
			}
			if status, _ := ask(t, s); status != step.status {
				t.Errorf("status %d, want %d", status, step.status)
			}
		}
	})
}

// fromFile starts the gateway from a file, which has more files beside it.
func fromFile(t *testing.T, upstream, more string, files map[string]string) (s *Server, dir string) {
	t.Helper()
	dir = t.TempDir()
	files["palisade.yaml"] = "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nsites:\n  - host: shop.example\n    protect: auto\n    upstream: " + upstream + "\n    " + more + "\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (*config.Config, error) {
		return config.Load(config.Source{File: filepath.Join(dir, "palisade.yaml")})
	}
	s, err := Start(read, slog.New(slog.DiscardHandler), new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s, dir
}

func ask(t *testing.T, s *Server) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest("GET", "http://"+s.Addresses[0]+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "shop.example"
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// selfSigned makes the certificate of another authority.
func selfSigned(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
