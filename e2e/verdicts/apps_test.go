package verdicts_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/verdict"
)

// app is a running app that requires the verdict, behind a gateway of its own.
type app struct {
	t     *testing.T
	url   string // directly
	front string // through the gateway

	mu   sync.Mutex
	last sent
}

// sent is a request as the gateway sent it to the app.
type sent struct {
	method, host, target, kind, verdict, body string

	chunked bool // it has no Content-Length
}

// stacks are the commands that start an app. The app reads CHECKERS, PORT and
// PALISADE_VERDICT_KEY, and lists its users at /.
var stacks = map[string]func(t *testing.T) []string{
	"go":             func(*testing.T) []string { return []string{"go", "run", "app.go"} },
	"php":            func(*testing.T) []string { return phpServer() },
	"php that reads": func(*testing.T) []string { return phpServer("-d", "enable_post_data_reading=0") },
	"node":           func(*testing.T) []string { return []string{"node", "app.js"} },
	"python":         func(*testing.T) []string { return gunicorn() },
	"ruby, on puma": func(t *testing.T) []string {
		needed(t, "puma", "ruby ruby-rack puma")
		return []string{"puma", "-q", "-e", "none", "-b", "tcp://127.0.0.1:PORT", "config.ru"}
	},
	"ruby, on webrick": func(t *testing.T) []string {
		needed(t, "rackup", "ruby ruby-rack ruby-webrick")
		return []string{"rackup", "-q", "-E", "none", "-s", "webrick", "-o", "127.0.0.1", "-p", "PORT", "config.ru"}
	},
	"java": func(t *testing.T) []string { return []string{"java", "-cp", javac(t, "testdata/App.java"), "App"} },
}

func TestMain(m *testing.M) {
	status := m.Run()
	apps.Clean()
	os.Exit(status)
}

func phpServer(settings ...string) []string {
	return append(append([]string{"php"}, settings...), "-S", "127.0.0.1:PORT", "app.php")
}

func gunicorn() []string {
	return []string{apps.Python("gunicorn"), "--bind", "127.0.0.1:PORT", "--threads", "4", "--no-control-socket", "--log-level", "warning", "app:application"}
}

// running are the stacks that this run tries.
func running() []string {
	daily := []string{"go", "php", "php that reads", "node", "python"}
	if *full {
		return append(daily, "ruby, on puma", "ruby, on webrick", "java")
	}
	return daily
}

// guardedRoutes are the routes of the form in the gateway.
const guardedRoutes = `[POST /signup, "POST /naïve/*", POST /mounted/signup, POST /forgetful]`

func start(t *testing.T, stack string) *app {
	t.Helper()
	a := &app{t: t}
	secret := rand.Text() + rand.Text() // a key of its own: two gateways with one key do not start
	a.startApp(stack, "*  "+hex.EncodeToString(verdict.Key([]byte(secret), "localhost")))
	a.startGateway(secret)
	return a
}

func (a *app) startApp(stack, key string) {
	t := a.t
	t.Helper()
	checkers, err := filepath.Abs(deployed)
	if err != nil {
		t.Fatal(err)
	}
	effects := filepath.Join(t.TempDir(), "effects")
	if err := os.WriteFile(effects, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if stack == "python" {
		key = strings.Fields(key)[1]
	}
	port := apps.FreePort(t)
	env := []string{"CHECKERS=" + checkers, "PORT=" + port, "PALISADE_VERDICT_KEY=" + key, "EFFECTS=" + effects,
		"NODE_PATH=" + filepath.Join(checkers, "../../e2e/node_modules"), "PYTHONPATH=" + filepath.Join(checkers, "../../python/src"), "PYTHONDONTWRITEBYTECODE=1"}
	command := stacks[stack](t)
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], "PORT", port)
	}
	a.url = "http://127.0.0.1:" + port
	apps.Run(t, "testdata", env, a.url+"/", command...)
}

// startGateway starts it in front of a listener that records the requests to the app.
func (a *app) startGateway(secret string) {
	t := a.t
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	between := httptest.NewServer(http.HandlerFunc(a.note))
	t.Cleanup(between.Close)
	dir, address := t.TempDir(), "127.0.0.1:"+apps.FreePort(t)
	text := "listen: " + address + "\nadmin: \"off\"\nkey_file: key\nsites:\n  - {host: \"*\", upstream: " + between.URL +
		", forms: [{name: signup, routes: " + guardedRoutes + ", min_fill: 0s, limits: []}]}\n"
	for name, text := range map[string]string{"palisade.yaml": text, "key": secret} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a.front = "http://" + address
	apps.Run(t, dir, nil, a.front+"/.palisade/palisade.js", file, "serve", "-config", "palisade.yaml")
}

// note passes a request on, byte for byte.
func (a *app) note(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	a.mu.Lock()
	a.last = sent{r.Method, r.Host, r.RequestURI, r.Header.Get("Content-Type"), r.Header.Get(verdict.Header), string(body), false}
	a.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	proxy := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL = &url.URL{Scheme: "http", Host: strings.TrimPrefix(a.url, "http://"), Opaque: r.RequestURI}
		p.Out.Host = r.Host
	}}
	proxy.ServeHTTP(w, r)
}

func (a *app) noted() sent {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last
}

// users are the users who signed up so far.
func (a *app) users() string {
	a.t.Helper()
	resp, err := http.Get(a.url + "/")
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

// post sends a request as the fields of sent say and returns the status.
func (a *app) post(base string, s sent, verdicts ...string) int {
	a.t.Helper()
	r, err := http.NewRequest(s.method, base, strings.NewReader(s.body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.URL.Opaque = s.target
	r.Host = s.host
	r.Header.Set("Content-Type", s.kind)
	r.Header[verdict.Header] = verdicts
	if s.chunked {
		r.ContentLength = -1
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		a.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

const urlencoded, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"

// submit takes a ticket, solves it and sends a form as a browser does. Without a user the
// form is empty.
func (a *app) submit(target, kind, user string) int {
	a.t.Helper()
	fields := a.proof()
	if user != "" {
		fields = append(fields, [2]string{"user", user})
	}
	body := ""
	for _, f := range fields {
		if kind == multipart {
			body += part(f[0], f[1])
		} else {
			body += "&" + f[0] + "=" + url.QueryEscape(f[1])
		}
	}
	if kind == multipart {
		body += "--x--\r\n"
	}
	return a.post(a.front, sent{"POST", strings.TrimPrefix(a.front, "http://"), target, kind, "", strings.TrimPrefix(body, "&"), false})
}

func part(name, value string) string {
	return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

// proof returns the fields of a page's form.
func (a *app) proof() (fields [][2]string) {
	a.t.Helper()
	resp, err := http.Get(a.front + "/.palisade/ticket?form=signup")
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	var offer palisade.Offer
	if err := json.NewDecoder(resp.Body).Decode(&offer); err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	proof, err := pow.Solve(ctx, offer.Challenge)
	if err != nil {
		a.t.Fatal(err)
	}
	fields = [][2]string{{palisade.FieldTicket, offer.Ticket}, {palisade.FieldProof, proof}}
	for _, d := range offer.Decoys {
		fields = append(fields, [2]string{d.Name, d.Value})
	}
	return fields
}

func TestAppThatRequiresTheVerdict(t *testing.T) {
	for _, stack := range running() {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			a := start(t, stack)
			a.refusesAnyOther()
			a.takesEscapes("/na%C3%AFve/%E2%82%AC%20x?a=%20")
			for _, target := range targets(stack) {
				a.refusesHiddenBodies(target)
			}
		})
	}
}

// refusesAnyOther tries a verdict with other requests than its own.
func (a *app) refusesAnyOther() {
	a.t.Helper()
	if status := a.submit("/signup?from=mail", urlencoded, "ada"); status != 200 || a.users() != "ada\n" {
		a.t.Fatalf("through the gateway: status %d, users %q", status, a.users())
	}
	good := a.noted()
	// The unchanged request is accepted; otherwise the rows below would prove nothing.
	if status := a.post(a.url, good, good.verdict); status != 200 || a.users() != "ada\nada\n" {
		a.t.Fatalf("as the gateway sent it: status %d, users %q", status, a.users())
	}
	for _, test := range []struct {
		name     string
		change   func(*sent)
		verdicts []string
	}{
		{"past the gateway", nil, nil},
		{"with an empty verdict", nil, []string{""}},
		{"with a made-up verdict", nil, []string{"v=1; mode=enforce"}},
		{"with the verdict twice", nil, []string{good.verdict, good.verdict}},
		{"with the verdict of another body", func(s *sent) { s.body = "user=eve" }, []string{good.verdict}},
		{"with the verdict and no body", func(s *sent) { s.body = "" }, []string{good.verdict}},
		{"with the verdict of another path", func(s *sent) { s.target = "/mounted/signup" }, []string{good.verdict}},
		{"with the verdict of another path, escaped", func(s *sent) { s.target = "/signup%2f" }, []string{good.verdict}},
		{"with the verdict of another host", func(s *sent) { s.host = "other.example" }, []string{good.verdict}},
		{"with the verdict of another method", func(s *sent) { s.method = "PUT" }, []string{good.verdict}},
	} {
		s := good
		if test.change != nil {
			test.change(&s)
		}
		if status := a.post(a.url, s, test.verdicts...); status < 400 || a.users() != "ada\nada\n" {
			a.t.Errorf("%s: status %d, users %q", test.name, status, a.users())
		}
	}
}

func (a *app) takesEscapes(target string) {
	a.t.Helper()
	before := a.users()
	if status := a.submit(target, urlencoded, "bob"); status != 200 || a.users() != before+"bob\n" {
		a.t.Errorf("%s: status %d, users %q", target, status, a.users())
	}
}

// refusesHiddenBodies: a body that the checker cannot see looks empty. The verdict of an
// empty form must not let such a body in.
func (a *app) refusesHiddenBodies(target string) {
	a.t.Helper()
	a.submit(target, urlencoded, "")
	empty := a.noted()
	if empty.body != "" || empty.verdict == "" || empty.target != target {
		a.t.Fatalf("the gateway sent %+v", empty)
	}
	for kind, body := range map[string]string{urlencoded: "user=eve", multipart: part("user", "eve") + "--x--\r\n"} {
		s := empty
		s.kind, s.body = kind, body
		if status := a.post(a.url, s, empty.verdict); status < 400 {
			a.t.Errorf("%s, %s: status %d", target, kind, status)
		}
		// Some servers do not read chunked bodies, so the app does not get the body either.
		s.chunked = true
		if status := a.post(a.url, s, empty.verdict); strings.Contains(a.users(), "eve") {
			a.t.Errorf("%s, %s in chunks: status %d, users %q", target, kind, status, a.users())
		}
	}
}

func targets(stack string) []string {
	if stack == "node" {
		return []string{"/signup", "/mounted/signup", "/forgetful"}
	}
	return []string{"/signup"}
}

// PHP hides the raw body of an upload unless a setting stops PHP from parsing it.
func TestUploadsInPHPNeedTheRawBody(t *testing.T) {
	for stack, users := range map[string]string{"php": "", "php that reads": "ada\n"} {
		a := start(t, stack)
		status := a.submit("/signup", multipart, "ada")
		if got := a.users(); got != users || (status == 200) != (users != "") {
			t.Errorf("%s: status %d, users %q, want %q", stack, status, got, users)
		}
	}
}

// In Express the checker reads the body itself if no parser did, also in a router.
func TestExpressWithoutAParser(t *testing.T) {
	a := start(t, "node")
	if status := a.submit("/mounted/signup", urlencoded, "ada"); status != 200 || a.users() != "ada\n" {
		t.Errorf("status %d, users %q", status, a.users())
	}
	if status := a.submit("/forgetful", urlencoded, "ada"); status != 403 {
		t.Errorf("behind a parser that keeps nothing: status %d", status)
	}
}
