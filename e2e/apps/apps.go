// Package apps starts real web apps for tests: unchanged apps that do not know the gateway,
// under the servers that people use for them.
package apps

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// App is a running app.
type App struct {
	URL string // http://127.0.0.1:port
	t   testing.TB

	effects string // path of the count of effects
}

// Probes are the stacks whose parsing of a request is compared with ours.
var Probes = []string{"django-gunicorn", "django-waitress", "flask-gunicorn", "express", "php"}

// Probe starts an app with a protected route, Guarded, and /echo, which returns the app's
// parsed form of a request.
func Probe(t testing.TB, stack string) *App {
	t.Helper()
	file := filepath.Join(t.TempDir(), "effects")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"PROBE_FILE=" + file}
	dir := filepath.Join(here(), "probes")
	switch stack {
	case "django-gunicorn":
		return start(t, dir, "/effects", env, gunicorn("django_probe:application")...)
	case "django-waitress":
		return start(t, dir, "/effects", env, waitress("django_probe:application")...)
	case "flask-gunicorn":
		return start(t, dir, "/effects", env, gunicorn("flask_probe:application")...)
	case "express":
		env = append(env, "NODE_PATH="+filepath.Join(e2e(), "node_modules"))
		return start(t, dir, "/effects", env, "node", "express_probe.js")
	case "php":
		return start(t, filepath.Join(dir, "php"), "/effects.php", env, "php", "-d", "post_max_size=64M", "-d", "upload_max_filesize=64M", "-S", "127.0.0.1:PORT", "-t", ".")
	}
	t.Fatalf("there is no stack %q", stack)
	return nil
}

// Guarded is the path of a probe's protected route.
func Guarded(stack string) string {
	if stack == "php" {
		return "/signup.php"
	}
	return "/signup"
}

// Django starts examples/django, with a database of its own and more environment.
func Django(t testing.TB, server string, more ...string) *App {
	t.Helper()
	dir := filepath.Join(e2e(), "..", "examples", "django")
	temp := t.TempDir()
	env := []string{"DJANGO_DB=" + filepath.Join(temp, "db.sqlite3"), "DJANGO_MEDIA=" + filepath.Join(temp, "media"), "DJANGO_ALLOWED_HOSTS=.localhost,127.0.0.1", "PYTHONDONTWRITEBYTECODE=1"}
	env = append(env, more...)
	migrate(t, dir, env)
	command := gunicorn("config.wsgi")
	if server == "waitress" {
		command = waitress("config.wsgi:application")
	}
	return start(t, dir, "/effects", env, command...)
}

// Admin starts a site with the admin of Django, a user ada with the password lovelace and
// nothing in it.
func Admin(t testing.TB) *App {
	t.Helper()
	dir, env := filepath.Join(here(), "probes", "admin"), []string{"PROBE_FILE=" + filepath.Join(t.TempDir(), "db.sqlite3"), "PYTHONDONTWRITEBYTECODE=1"}
	prepare := exec.Command(python("python"), "-c", "import admin_probe; admin_probe.prepare()")
	prepare.Dir, prepare.Env = dir, append(os.Environ(), env...)
	if out, err := prepare.CombinedOutput(); err != nil {
		t.Fatalf("the database of the admin: %v\n%s\n%s", err, out, hint)
	}
	return start(t, dir, "/admin/", env, gunicorn("admin_probe:application")...)
}

// Flask starts examples/flask under gunicorn.
func Flask(t testing.TB) *App {
	t.Helper()
	return start(t, filepath.Join(e2e(), "..", "examples", "flask"), "/effects", []string{"PYTHONDONTWRITEBYTECODE=1"}, gunicorn("app:app")...)
}

// Packaged starts an example that uses the Python package, on a port, with a database of its
// own.
func Packaged(t testing.TB, example, app, port string, env ...string) *App {
	t.Helper()
	root := filepath.Join(e2e(), "..")
	dir := filepath.Join(root, "examples", example)
	env = append(env, "PYTHONPATH="+filepath.Join(root, "python", "src"), "DJANGO_DB="+filepath.Join(t.TempDir(), "db.sqlite3"), "PYTHONDONTWRITEBYTECODE=1")
	if strings.HasPrefix(example, "django") {
		migrate(t, dir, env)
	}
	url := "http://127.0.0.1:" + port
	command := gunicorn(app)
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], "PORT", port)
	}
	Run(t, dir, env, url+"/effects", command...)
	return &App{URL: url, t: t, effects: "/effects"}
}

// migrate creates the database of a Django site.
func migrate(t testing.TB, dir string, env []string) {
	t.Helper()
	cmd := exec.Command(python("python"), "manage.py", "migrate", "-v0")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("manage.py migrate: %v\n%s\nIs everything installed? Run scripts/tools.sh", err, out)
	}
}

// Recaptcha starts a site that uses a reCAPTCHA package, unchanged, of the stack django or
// flask. Its settings are in the environment.
func Recaptcha(t testing.TB, stack string, env ...string) *App {
	t.Helper()
	return start(t, filepath.Join(here(), "probes"), "/effects", env, gunicorn("recaptcha_"+stack+":application")...)
}

// Zoo starts an app of the audit's zoo: a file of Flask, Django or Express, or a binary. The
// app uses verify as its verifier.
func Zoo(t testing.TB, path, verify string, more ...string) *App {
	t.Helper()
	env := append([]string{
		"VERIFY_URL=" + verify, "SITE_KEY=zoo-sitekey", "SECRET_KEY=zoo-secret-key-0123456789", "HOSTNAME_EXPECTED=127.0.0.1",
		"NODE_PATH=" + filepath.Join(e2e(), "node_modules"),
	}, more...)
	dir, file := filepath.Split(path)
	name := strings.TrimSuffix(file, filepath.Ext(file))
	switch {
	case strings.HasSuffix(file, ".js"):
		return start(t, dir, "/effects", env, "node", file)
	case !strings.HasSuffix(file, ".py"):
		return start(t, dir, "/effects", env, path)
	case filepath.Base(dir) == "django":
		return start(t, dir, "/effects", env, threaded(name+":application")...)
	}
	return start(t, dir, "/effects", env, threaded(name+":app")...)
}

// threaded starts a server with enough threads for a race.
func threaded(app string) []string {
	return []string{python("gunicorn"), "--bind", "127.0.0.1:PORT", "--workers", "1", "--threads", "24", "--no-control-socket", "--log-level", "critical", app}
}

func gunicorn(app string) []string {
	return []string{python("gunicorn"), "--bind", "127.0.0.1:PORT", "--workers", "1", "--threads", "4", "--no-control-socket", "--log-level", "warning", app}
}

func waitress(app string) []string {
	return []string{python("waitress-serve"), "--listen=127.0.0.1:PORT", app}
}

// Python returns a command of the virtual environment that scripts/tools.sh makes.
func Python(name string) string { return python(name) }

func python(name string) string { return filepath.Join(e2e(), ".venv", "bin", name) }

func here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

func e2e() string { return filepath.Dir(here()) }

// FreePort returns a port without a listener, each time another one. It uses none of the
// ports that the system gives to outgoing connections. The tests make so many of these that
// one would take the port.
func FreePort(t testing.TB) string {
	t.Helper()
	const lowest, highest = 10_000, 32_000
	for range 100 {
		port := strconv.Itoa(lowest + rand.IntN(highest-lowest))
		if _, given := ports.LoadOrStore(port, true); given {
			continue
		}
		if l, err := net.Listen("tcp", ":"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("of a hundred ports none is free")
	return ""
}

var ports sync.Map // that FreePort has returned

// start runs a command in which PORT stands for a free port, until the test ends.
func start(t testing.TB, dir, effects string, env []string, command ...string) *App {
	t.Helper()
	port := FreePort(t)
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], "PORT", port)
	}
	Run(t, dir, append(env, "PORT="+port, "PYTHONDONTWRITEBYTECODE=1"), "http://127.0.0.1:"+port+effects, command...)
	return &App{URL: "http://127.0.0.1:" + port, t: t, effects: effects}
}

// Run runs a command until the test ends, and returns once the URL answers. If the URL never
// answers, the failure includes the command's output.
func Run(t testing.TB, dir string, env []string, ready string, command ...string) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // servers start child processes
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v\n%s", err, hint)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		out.Close()
	})
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		if resp, err := asker.Get(ready); err == nil {
			resp.Body.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			said, _ := os.ReadFile(out.Name())
			t.Fatalf("%s ended: %v\n%s\n%s", command[0], err, said, hint)
		default:
		}
	}
	said, _ := os.ReadFile(out.Name())
	t.Fatalf("%s never answered at %s\n%s", command[0], ready, said)
}

const hint = "Is everything installed? Run scripts/tools.sh, scripts/tools.sh stacks for package stacks, or scripts/tools.sh fronts for all of package fronts"

// asker accepts the self-signed certificates of tests.
var asker = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// Effects returns the number of effects in the app so far.
func (a *App) Effects() map[string]int {
	a.t.Helper()
	resp, err := http.Get(a.URL + a.effects)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	counts := make(map[string]int)
	if err := json.NewDecoder(resp.Body).Decode(&counts); err != nil {
		a.t.Fatal(fmt.Errorf("%s: %w", a.effects, err))
	}
	return counts
}
