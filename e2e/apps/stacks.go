package apps

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Stack is a server, with what runs under it, that reads the path of a request in its
// own way.
type Stack struct {
	Name    string
	Route   string // path of the protected route, whose effect is called signup
	dir     string // of the app, in probes
	effects string // path that counts
	env     []string
	command func(t testing.TB, dir string) []string
}

// Stacks are more than the daily tests start. scripts/tools.sh stacks installs what
// they need.
var Stacks = []Stack{
	{Name: "node http", Route: "/signup", dir: "node", effects: "/effects", command: fixed("node", "app.js")},
	{Name: "connect", Route: "/signup", dir: "connect", effects: "/effects", env: []string{"APP=connect", modules()}, command: fixed("node", "app.js")},
	{Name: "express mounted", Route: "/signup", dir: "connect", effects: "/effects", env: []string{"APP=express", modules()}, command: fixed("node", "app.js")},
	{Name: "bottle waitress", Route: "/signup", dir: "bottle", effects: "/effects", command: fixed(waitress("bottle_app:application")...)},
	{Name: "django waitress", Route: "/join/", dir: "django", effects: "/effects", command: fixed(waitress("django_join:application")...)},
	{Name: "django uvicorn", Route: "/join/", dir: "django", effects: "/effects", command: fixed(uvicorn("django_join:asgi")...)},
	{Name: "go mux", Route: "/signup", dir: "mux", effects: "/effects", command: built},
	{Name: "php front controller", Route: "/index.php/signup", dir: "php-front", effects: "/index.php/effects", command: fixed(phpServer()...)},
	{Name: "php index of a folder", Route: "/contact/", dir: "php-index", effects: "/effects.php", command: fixed(phpServer()...)},
}

// Start starts the app until the test ends.
func (s Stack) Start(t testing.TB) *App {
	t.Helper()
	file := filepath.Join(t.TempDir(), "effects")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(here(), "probes", s.dir)
	return start(t, dir, s.effects, append([]string{"PROBE_FILE=" + file}, s.env...), s.command(t, dir)...)
}

// fixed is a command that needs nothing prepared. Each app gets a copy, in which its
// port is filled in.
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

func phpServer() []string { return []string{"php", "-S", "127.0.0.1:PORT", "-t", "."} }

func modules() string { return "NODE_PATH=" + filepath.Join(e2e(), "node_modules") }
