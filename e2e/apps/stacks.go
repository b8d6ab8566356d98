package apps

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// Stack is a server and the app under it. Each server parses the path of a request in its
// own way.
type Stack struct {
	Name    string
	Route   string // path of the protected route, whose effect is called signup
	dir     string // of the app, in probes
	effects string // path of the count
	env     []string
	action  place
	command func(t testing.TB, dir string) []string
}

// place is the part of a submission that names its server action of Next.js.
type place int

const (
	nowhere place = iota
	inHeader
	inField
)

// Stacks are more servers than the daily tests start. scripts/tools.sh stacks installs them.
var Stacks = []Stack{
	{Name: "node http", Route: "/signup", dir: "node", effects: "/effects", command: fixed("node", "app.js")},
	{Name: "connect", Route: "/signup", dir: "connect", effects: "/effects", env: []string{"APP=connect", modules()}, command: fixed("node", "app.js")},
	{Name: "express mounted", Route: "/signup", dir: "connect", effects: "/effects", env: []string{"APP=express", modules()}, command: fixed("node", "app.js")},
	{Name: "bottle waitress", Route: "/signup", dir: "bottle", effects: "/effects", command: fixed(waitress("bottle_app:application")...)},
	{Name: "django waitress", Route: "/join/", dir: "django", effects: "/effects", command: fixed(waitress("django_join:application")...)},
	{Name: "django uvicorn", Route: "/join/", dir: "django", effects: "/effects", command: fixed(uvicorn("django_join:asgi")...)},
	{Name: "django gunicorn", Route: "/signup", effects: "/effects", command: fixed(gunicorn("django_probe:application")...)},
	{Name: "flask gunicorn", Route: "/signup", effects: "/effects", command: fixed(gunicorn("flask_probe:application")...)},
	{Name: "flask waitress", Route: "/signup", effects: "/effects", command: fixed(waitress("flask_probe:application")...)},
	{Name: "bottle uwsgi", Route: "/signup", dir: "bottle", effects: "/effects", command: uwsgi},
	{Name: "express", Route: "/signup", effects: "/effects", env: []string{modules()}, command: fixed("node", "express_probe.js")},
	{Name: "go mux", Route: "/signup", dir: "mux", effects: "/effects", command: built},
	{Name: "php front controller", Route: "/index.php/signup", dir: "php-front", effects: "/index.php/effects", command: fixed(phpServer()...)},
	{Name: "php index of a folder", Route: "/contact/", dir: "php-index", effects: "/effects.php", command: fixed(phpServer()...)},
	{Name: "puma sinatra", Route: "/signup", dir: "sinatra", effects: "/effects", command: fixed("puma", "--quiet", "--environment", "production", "--bind", "tcp://127.0.0.1:PORT", "app.ru")},
	{Name: "webrick sinatra", Route: "/signup", dir: "sinatra", effects: "/effects", command: fixed("rackup", "--server", "webrick", "--env", "production", "--host", "127.0.0.1", "--port", "PORT", "app.ru")},
	{Name: "nginx php-fpm front controller", Route: "/signup", dir: "fpm", effects: "/effects", command: fixed("./run.sh", "fpm-front")},
	{Name: "nginx php-fpm front controller in a folder", Route: "/signup", dir: "fpm", effects: "/effects", command: fixed("./run.sh", "fpm-public")},
	{Name: "nginx php-fpm page", Route: "/signup.php", dir: "fpm", effects: "/effects.php", command: fixed("./run.sh", "fpm-plain")},
	{Name: "nginx php-fpm page without its extension", Route: "/signup", dir: "fpm", effects: "/effects.php", command: fixed("./run.sh", "fpm-plain")},
	{Name: "php page", Route: "/signup.php", dir: "php", effects: "/effects.php", command: fixed(phpServer()...)},
	{Name: "apache page", Route: "/signup.php", dir: "apache", effects: "/effects.php", command: fixed("./run.sh", "php")},
	{Name: "apache index of a folder", Route: "/contact/", dir: "apache", effects: "/effects.php", command: fixed("./run.sh", "php-index")},
	{Name: "spring in any case", Route: "/join", dir: "spring", effects: "/effects", env: []string{"PROBE_READER=parser"}, command: fixed(spring()...)},
	{Name: "spring with the matcher of before", Route: "/join", dir: "spring", effects: "/effects", env: []string{"PROBE_READER=ant"}, command: fixed(spring()...)},
	{Name: "tomcat servlet", Route: "/signup", dir: "spring", effects: "/effects", env: []string{"PROBE_READER=servlet"}, command: fixed(spring()...)},
	{Name: "next action by header", Route: "/signup", dir: "next", effects: "/effects", env: quiet, action: inHeader, command: next},
	{Name: "next action by field", Route: "/signup", dir: "next", effects: "/effects", env: quiet, action: inField, command: next},
}

// Next starts the app of Next.js. Its guestbook runs server actions in several ways.
func Next(t testing.TB) *App {
	t.Helper()
	for _, s := range Stacks {
		if s.dir == "next" {
			return s.Start(t)
		}
	}
	panic("no stack is Next.js")
}

// WordPress starts WordPress with MariaDB, a user ada with the password lovelace and a post.
func WordPress(t testing.TB) *App {
	t.Helper()
	s := Stack{dir: "wordpress", effects: "/wp-login.php", command: fixed("./run.sh", tool("wordpress"))}
	return s.Start(t)
}

// Start starts the app until the test ends.
func (s Stack) Start(t testing.TB) *App {
	t.Helper()
	file := counter(t)
	dir := filepath.Join(here(), "probes", s.dir)
	return start(t, dir, s.effects, append([]string{"PROBE_FILE=" + file}, s.env...), s.command(t, dir)...)
}

// counter creates the file whose size counts effects. The path of its folder is short enough
// for a socket, and servers that run as another user can open it.
func counter(t testing.TB) string {
	t.Helper()
	temp, err := os.MkdirTemp("", "stack-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	file := filepath.Join(temp, "effects")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Chmod(file, 0o666), os.Chmod(temp, 0o755)); err != nil {
		t.Fatal(err)
	}
	return file
}

// fixed is a command without preparation. Each app gets a copy with its port.
func fixed(command ...string) func(testing.TB, string) []string {
	return func(testing.TB, string) []string { return append([]string(nil), command...) }
}

// built is an app in Go.
func built(t testing.TB, dir string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "app")
	build := exec.Command("go", "build", "-o", file, ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return []string{file}
}

func uvicorn(app string) []string {
	return []string{python("uvicorn"), "--host", "127.0.0.1", "--port", "PORT", "--log-level", "warning", app}
}

// uwsgi serves Bottle, which is one Python file for any version: Debian's uWSGI may have
// another Python than the virtual environment.
func uwsgi(t testing.TB, _ string) []string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(e2e(), ".venv", "lib", "python*", "site-packages", "bottle.py"))
	if len(found) == 0 {
		t.Fatalf("Bottle is missing. %s", hint)
	}
	// A copy, so that uWSGI reads nothing else of that Python.
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bottle.py"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"uwsgi", "--plugin", "python3", "--http-socket", "127.0.0.1:PORT", "--pythonpath", dir, "--wsgi-file", "bottle_app.py", "--need-app", "--disable-logging"}
}

func phpServer() []string { return []string{"php", "-S", "127.0.0.1:PORT", "-t", "."} }

func modules() string { return "NODE_PATH=" + filepath.Join(e2e(), "node_modules") }

// tool is a file that scripts/tools.sh stacks builds.
func tool(name string) string { return filepath.Join(e2e(), "..", ".tools", "stacks", name) }

func spring() []string {
	return []string{"java", "-XX:TieredStopAtLevel=1", "-jar", tool("spring/probe.jar"), "--server.port=PORT", "--server.address=127.0.0.1"}
}

// quiet turns off the telemetry of Next.js.
var quiet = []string{"NEXT_TELEMETRY_DISABLED=1"}

// next serves the build that scripts/tools.sh stacks made of a folder.
func next(testing.TB, string) []string {
	dir := tool("next")
	return []string{"node", filepath.Join(dir, "node_modules", "next", "dist", "bin", "next"), "start", dir, "--port", "PORT", "--hostname", "127.0.0.1"}
}

// Submission is a submission of the protected route's form: headers, each with its line end,
// and a body.
func (s Stack) Submission(a *App) (headers, body string) {
	a.t.Helper()
	const boundary = "x"
	switch s.action {
	case inHeader:
		return "Content-Type: text/plain;charset=UTF-8\r\nNext-Action: " + s.actionID(a) + "\r\n", "[]"
	case inField:
		return "Content-Type: multipart/form-data; boundary=" + boundary + "\r\n",
			"--" + boundary + "\r\nContent-Disposition: form-data; name=\"$ACTION_ID_" + s.actionID(a) + "\"\r\n\r\n\r\n--" + boundary + "--\r\n"
	}
	return "Content-Type: application/x-www-form-urlencoded\r\n", "user=b"
}

var actionID = regexp.MustCompile(`\$ACTION_ID_([0-9a-f]+)`)

// actionID is the name that the build gave to the server action of the page.
func (s Stack) actionID(a *App) string {
	a.t.Helper()
	resp, err := http.Get(a.URL + s.Route)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	found := actionID.FindSubmatch(page)
	if found == nil {
		a.t.Fatalf("the page at %s names no server action:\n%.500s", s.Route, page)
	}
	return string(found[1])
}
