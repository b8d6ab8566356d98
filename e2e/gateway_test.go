package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/pow"
)

// gateway starts palisade serve with the sites of a configuration file and returns its URL.
// UPSTREAM stands for the app.
func gateway(t *testing.T, app *apps.App, sites string) string {
	t.Helper()
	return gatewayWith(t, app, "", sites)
}

// gatewayWith starts it with more settings, and with PORT for its port in sites. With TLS it makes a
// certificate.
func gatewayWith(t *testing.T, app *apps.App, settings, sites string) string {
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	port := apps.FreePort(t)
	address := "127.0.0.1:" + port
	text := "listen: " + address + "\nadmin: \"off\"\n" + apps.ObservedYAML + settings + "sites:\n" + strings.NewReplacer("UPSTREAM", app.URL, "PORT", port).Replace(sites)
	if err := os.WriteFile(filepath.Join(dir, "palisade.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	scheme := "http://"
	if strings.Contains(settings, "tls:") {
		scheme = "https://"
		certificate(t, dir)
	}
	apps.Run(t, dir, nil, scheme+address+"/.palisade/palisade.js", file, "serve", "-config", "palisade.yaml")
	return scheme + address
}

// certificate writes cert.pem and key.pem for localhost.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// send writes a raw request and returns the status of the answer, or 0 if there is none.
func send(t *testing.T, url, request string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(3 * time.Second)) // some servers wait for more
	_, _ = io.WriteString(conn, request)                  // the server may refuse it before its end
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// ways are disguised requests of bots to a protected route. PATH is the route, HOST the
// host. None has a proof.
var ways = []struct{ name, request string }{
	{"plainly", "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\nuser=b"},
	{"with two slashes", line("POST", "/PATH")},
	{"with many slashes", line("POST", "///PATH//")},
	{"with a slash at the end", line("POST", "PATH/")},
	{"with an escape", line("POST", "/%73ignupEXT")},
	{"with an escape of an escape", line("POST", "/%2573ignupEXT")},
	{"in upper case", line("POST", "/SIGNUPEXT")},
	{"with a dot segment", line("POST", "/.PATH")},
	{"with a parent segment", line("POST", "/x/..PATH")},
	{"with an escaped parent segment", line("POST", "/x/..%2fsignupEXT")},
	{"with a parameter in a parent segment", line("POST", "/x/..;PATH")},
	{"with parameters", line("POST", "PATH;a=b")},
	{"with an escaped slash", line("POST", "PATH%2f")},
	{"with an escaped NUL", line("POST", "PATH%00")},
	{"with an escaped space", line("POST", "PATH%20")},
	{"with a number sign", line("POST", "PATH#f")},
	{"with an escaped question mark", line("POST", "PATH%3fa")},
	{"with a backslash", line("POST", `\signupEXT`)},
	{"with path info", line("POST", "PATH/more")},
	{"with path info after an extension", line("POST", "PATH.php/more")},
	{"in absolute form", line("POST", "http://HOSTPATH")},
	{"in absolute form with another host", line("POST", "http://other.example PATH")},
	{"in absolute form with two slashes", line("POST", "http://HOST/PATH")},
	{"with a query", line("POST", "PATH?a=b")},
	{"with an empty query", line("POST", "PATH?")},
	{"in lower case", line("post", "PATH")},
	{"in mixed case", line("Post", "PATH")},
	{"with PUT", line("PUT", "PATH")},
	{"with PATCH", line("PATCH", "PATH")},
	{"with DELETE", line("DELETE", "PATH")},
	{"with a method of its own", line("FOO", "PATH")},
	{"with a method that looks like another header", line("M-SEARCH", "PATH")},
	{"with GET overridden by a header", line("GET", "PATH", "X-HTTP-Method-Override: POST", "X-HTTP-Method: POST", "X-Method-Override: POST")},
	{"with GET overridden in the query", line("GET", "PATH?_method=POST")},
	{"to another path overridden by a header", line("POST", "/nowhere", "X-Original-URL: PATH", "X-Rewrite-URL: PATH")},
	{"with a forged verdict", line("POST", "PATH", "Palisade-Verdict: v=1; mode=enforce", "Palisade_Verdict: v=1; mode=enforce")},
	{"from a local address", line("POST", "PATH", "X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1")},
	{"with an upgrade to HTTP/2", line("POST", "PATH", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")},
	{"with an upgrade to WebSocket", line("POST", "PATH", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")},
	{"with its content type called hop-by-hop", line("POST", "PATH", "Connection: close, Content-Type, Content-Length")},
	{"in two content types", line("POST", "PATH", "Content-Type: application/json")},
	{"compressed", line("POST", "PATH", "Content-Encoding: gzip")},
	{"in chunks with trailers", "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n6\r\nuser=b\r\n0\r\nX-A: b\r\n\r\n"},
	{"with two lengths", "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 6\r\nContent-Length: 7\r\n\r\nuser=b"},
	{"with length and chunks", "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n"},
	{"with chunks and junk in the name", "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\nContent-Length: 6\r\n\r\nuser=b"},
	{"with a space before the colon", "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding : chunked\r\nContent-Length: 6\r\n\r\nuser=b"},
	{"with bare line feeds", "POST PATH HTTP/1.1\nHost: HOST\nContent-Length: 6\n\nuser=b"},
	{"in HTTP/1.0", "POST PATH HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\nuser=b"},
	{"after a page on one connection", "GET /effects HTTP/1.1\r\nHost: HOST\r\n\r\nPOST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\nuser=b"},
	{"in the body of a GET", "GET /nowhere HTTP/1.1\r\nHost: HOST\r\nContent-Length: 51\r\n\r\nPOST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n"},
	{"without a host", "POST PATH HTTP/1.1\r\nContent-Length: 6\r\n\r\nuser=b"},
	{"with two hosts", "POST PATH HTTP/1.1\r\nHost: HOST\r\nHost: other.example\r\nContent-Length: 6\r\n\r\nuser=b"},
}

func line(method, target string, headers ...string) string {
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: HOST", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 6"}, headers...)
	return strings.Join(lines, "\r\n") + "\r\n\r\nuser=b"
}

func TestNoWayAroundTheGateway(t *testing.T) {
	for _, stack := range apps.Probes {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			app := apps.Probe(t, stack)
			path := apps.Guarded(stack)
			for _, protect := range []string{"forms: [{route: POST " + path + "}]", "protect: auto"} {
				front := gateway(t, app, "  - {host: \"*\", upstream: UPSTREAM, "+protect+"}\n")
				for _, way := range ways {
					status, _ := send(t, front, filled(way.request, front, path))
					if n := app.Effects()["signup"]; n > 0 {
						t.Fatalf("%s: %s got through (status %d)", protect, way.name, status)
					}
				}
			}
			// The same without the gateway; otherwise the test would prove nothing.
			n := 0
			for _, way := range ways {
				before := app.Effects()["signup"]
				send(t, app.URL, filled(way.request, app.URL, path))
				if app.Effects()["signup"] > before {
					n++
				}
			}
			if n < 10 {
				t.Errorf("only %d of %d ways get into the bare app", n, len(ways))
			}
			t.Logf("%d of %d ways get into the bare app, none through the gateway", n, len(ways))
		})
	}
}

func filled(request, url, path string) string {
	return strings.NewReplacer("PATH", path, "EXT", strings.TrimPrefix(path, "/signup"), "HOST", strings.TrimPrefix(url, "http://")).Replace(request)
}

// proofFor fetches a ticket, solves it, and returns the fields of a page's form.
func proofFor(t *testing.T, front, form string) (own [][2]string) {
	t.Helper()
	resp, err := http.Get(front + "/.palisade/ticket?form=" + url.QueryEscape(form))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var offer palisade.Offer
	if err := json.NewDecoder(resp.Body).Decode(&offer); err != nil {
		t.Fatal(err)
	}
	proof, err := pow.Solve(context.Background(), offer.Challenge)
	if err != nil {
		t.Fatal(err)
	}
	own = [][2]string{{palisade.FieldTicket, offer.Ticket}, {palisade.FieldProof, proof}}
	for _, d := range offer.Decoys {
		own = append(own, [2]string{d.Name, d.Value})
	}
	return own
}

// bodies are submissions as browsers send them. OWN stands for the guard's fields.
var bodies = []struct{ name, kind, body string }{
	{"a form", "application/x-www-form-urlencoded", "user=ada&OWNmail=a%40b"},
	{"a form in Latin-1, with raw bytes", "application/x-www-form-urlencoded", "user=\xe4%E4&user=&OWN&&x=1&user=2"},
	{"a form with nothing in it", "application/x-www-form-urlencoded", "OWN"},
	{"a file of any bytes", "multipart/form-data; boundary=----WebKitFormBoundaryx", "OWN" + filePart("a.bin", allBytes()) + fieldPart("user", "\xe4\xf6") + "------WebKitFormBoundaryx--\r\n"},
	{"an empty file and repeated keys", "multipart/form-data; boundary=----WebKitFormBoundaryx", fieldPart("a", "1") + "OWN" + fieldPart("a", "") + filePart("", "") + "------WebKitFormBoundaryx--\r\n"},
	{"a large file", "multipart/form-data; boundary=----WebKitFormBoundaryx", filePart("big", strings.Repeat(allBytes(), 8<<10)) + "OWN------WebKitFormBoundaryx--\r\n"},
	{"JSON", "application/json", `{"a":[1,{"b":"\u00e4"}],OWN"c":1e9}`},
}

func allBytes() string {
	var b strings.Builder
	for i := range 256 {
		b.WriteByte(byte(i))
	}
	return b.String()
}

func fieldPart(name, value string) string {
	return "------WebKitFormBoundaryx\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func filePart(name, value string) string {
	return "------WebKitFormBoundaryx\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" + name + "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + value + "\r\n"
}

func TestTheAppReadsTheBytesOfTheForm(t *testing.T) {
	for _, stack := range apps.Probes {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			app := apps.Probe(t, stack)
			path := strings.Replace(apps.Guarded(stack), "signup", "echo", 1)
			front := gateway(t, app, "  - {host: \"*\", upstream: UPSTREAM, forms: [{name: echo, route: POST "+path+", min_fill: 0s, limits: []}]}\n")
			for _, test := range bodies {
				var own string
				for _, f := range proofFor(t, front, "echo") {
					switch {
					case test.kind == "application/json":
						own += fmt.Sprintf("%q:%q,", f[0], f[1])
					case strings.HasPrefix(test.kind, "multipart"):
						own += fieldPart(f[0], f[1])
					default:
						own += f[0] + "=" + url.QueryEscape(f[1]) + "&"
					}
				}
				plain := strings.ReplaceAll(test.body, "OWN&", "")
				plain = strings.ReplaceAll(plain, "OWN", "")
				with := strings.ReplaceAll(strings.ReplaceAll(test.body, "OWN&", "OWN"), "OWN", own)
				if plain == "" {
					with = strings.TrimSuffix(own, "&")
				}
				direct, behind := echo(t, app.URL+path+"?q=%zz;1", test.kind, plain), echo(t, front+path+"?q=%zz;1", test.kind, with)
				sum := sha256.Sum256([]byte(plain))
				// PHP parses multipart itself and does not show the raw body.
				if want := hex.EncodeToString(sum[:]); behind.SHA != direct.SHA || behind.SHA != want && stack != "php" {
					t.Errorf("%s: the app got a body of %s behind the gateway, %s without, want %s", test.name, behind.SHA, direct.SHA, want)
				}
				if fmt.Sprint(behind.Form) != fmt.Sprint(direct.Form) || behind.Query != direct.Query || behind.Path != direct.Path {
					t.Errorf("%s: the app read %v %s %s behind the gateway, %v %s %s without", test.name, behind.Form, behind.Path, behind.Query, direct.Form, direct.Path, direct.Query)
				}
				for name, value := range behind.Headers {
					if strings.HasPrefix(name, "HTTP_PALISADE") && name != "HTTP_PALISADE_VERDICT" {
						t.Errorf("%s: the app got %s: %s", test.name, name, value)
					}
				}
				if behind.Headers["HTTP_PALISADE_VERDICT"] == "" {
					t.Errorf("%s: the app got no verdict", test.name)
				}
			}
		})
	}
}

// echoed is a probe's parsed form of a request.
type echoed struct {
	Path    string
	Query   string
	Headers map[string]string
	SHA     string `json:"body_sha256"`
	Form    map[string]any
}

func echo(t *testing.T, target, kind, body string) (e echoed) {
	t.Helper()
	r, err := http.NewRequest("POST", "http://x/", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	host, rest, _ := strings.Cut(strings.TrimPrefix(target, "http://"), "/")
	path, query, _ := strings.Cut("/"+rest, "?")
	r.URL.Host, r.Host, r.URL.Path, r.URL.RawQuery = host, host, path, query
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Connection", "X-Nothing")
	r.Header["X_Smuggled"] = []string{"1"}
	// A new connection each time. gunicorn ends an idle one after two seconds, perhaps just
	// when a slow machine sends the next request on it.
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("%s: status %d: %v\n%.300s", target, resp.StatusCode, err, text)
	}
	return e
}
