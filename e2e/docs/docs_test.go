package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/internal/snippet"
)

// fence is a block of code of a page.
type fence struct {
	file, language, code string
	line                 int
}

func (f fence) String() string { return fmt.Sprintf("%s:%d", f.file, f.line) }

// first is the first line, by which the tables below identify a block.
func (f fence) first() string {
	line, _, _ := strings.Cut(f.code, "\n")
	return strings.TrimSpace(line)
}

// opening matches the line above a block, which may be a part of a list.
var opening = regexp.MustCompile("^( *)```(.*)$")

func fencesOf(t *testing.T, file string) (fences []fence) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	var open *fence
	indent := ""
	for i, line := range strings.Split(string(text), "\n") {
		match := opening.FindStringSubmatch(line)
		switch {
		case match != nil && open == nil:
			indent, open = match[1], &fence{file: file, line: i + 1, language: match[2]}
		case match != nil:
			fences, open = append(fences, *open), nil
		case open != nil:
			open.code += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	if open != nil {
		t.Errorf("%s: the block does not end", open)
	}
	return fences
}

// pages are all pages for people, by patterns from the root of the repository.
var pages = []string{"*.md", "docs/*.md", "python/*.md", "deploy/*/*.md", "examples/*/*.md"}

func allFences(t *testing.T) (fences []fence) {
	t.Helper()
	for _, pattern := range pages {
		files, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			fences = append(fences, fencesOf(t, strings.TrimPrefix(filepath.ToSlash(file), "../../"))...)
		}
	}
	return fences
}

// checks are the checks of the blocks, by language.
var checks = map[string]func(t *testing.T, f fence) error{
	"go":     func(t *testing.T, f fence) error { return goChecker(t).Check(given, f.code) },
	"python": checkPython,
	"yaml":   checkYAML,
	"sh":     checkShell,
	"js":     parse,
	"php":    parse,
	"ruby":   parse,
	"json": func(_ *testing.T, f fence) error {
		var any any
		return json.Unmarshal([]byte(f.code), &any)
	},
	// A test of e2e/verdicts makes sure that its app has these lines, and javac compiles
	// that app.
	"java": func(_ *testing.T, f fence) error {
		if f.file != "docs/gateway.md" {
			return fmt.Errorf("no test compiles Java of this page")
		}
		return nil
	},
	"text": func(*testing.T, fence) error { return nil }, // output of programs, and diagrams
}

func parse(_ *testing.T, f fence) error { return snippet.Parse(f.language, f.code) }

func TestBlocksOfThePages(t *testing.T) {
	fences := allFences(t)
	for _, f := range fences {
		check, known := checks[f.language]
		if !known {
			t.Errorf("%s: nothing checks a block of language %q; output and diagrams are text", f, f.language)
		} else if err := check(t, f); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	if len(fences) < 40 {
		t.Errorf("%d blocks were found, which cannot be all", len(fences))
	}
}

// The page itself should not show the names that its code uses, so they are declared here.
const given = `
var (
	app, page, create, handler                   http.Handler
	signup                                       = func(http.ResponseWriter, *http.Request) {}
	mux                                          *http.ServeMux
	key, k1, k2                                  []byte
	sitekey, secret, project, apiKey             string
)

type shop struct {
	http.Handler
	users interface{ Count() int }
}

func newApp(verifyURL string) shop { return shop{} }
`

var goChecker = func() func(t *testing.T) *snippet.Go {
	var checker *snippet.Go
	return func(t *testing.T) *snippet.Go {
		t.Helper()
		if checker == nil {
			var err error
			if checker, err = snippet.NewGo(packages...); err != nil {
				t.Fatal(err)
			}
		}
		return checker
	}
}()

const module = "github.com/palisade-dev/palisade"

// packages are the packages that blocks use.
var packages = []string{
	"context", "net/http", "testing", "time",
	"github.com/gin-gonic/gin", "github.com/gofiber/fiber/v3", "github.com/labstack/echo/v5",
	module, module + "/adapter/echo", module + "/adapter/fiber", module + "/adapter/gin", module + "/audittest", module + "/captcha",
	module + "/captchatest", module + "/clientip", module + "/pow", module + "/pow/altcha", module + "/internal/route", module + "/store", module + "/store/memory", module + "/store/storetest",
	module + "/verdict", module + "/web",
}

// headless are the Python blocks that end before a function body.
var headless = map[string]string{
	`@require_verdict(os.environ["PALISADE_VERDICT_KEY"])`: "    ...\n",
}

// resolve is a program that parses a piece of Python, and resolves its imports.
const resolve = `
import ast, importlib, os, sys
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"], PALISADE={"URL": "http://127.0.0.1", "SITEKEY": "shop", "SECRET": "x"})
import django
django.setup()
for node in ast.walk(ast.parse(sys.stdin.read())):
    if isinstance(node, ast.Import):
        for alias in node.names:
            importlib.import_module(alias.name)
    elif isinstance(node, ast.ImportFrom):
        module = importlib.import_module(node.module)
        for alias in node.names:
            if not hasattr(module, alias.name):
                importlib.import_module(node.module + "." + alias.name)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("palisade_forms."):
        name, _, member = node.value.rpartition(".")
        hasattr(importlib.import_module(name), member) or importlib.import_module(node.value)
`

func checkPython(_ *testing.T, f fence) error {
	command := exec.Command(apps.Python("python"), "-c", resolve)
	command.Env = append(command.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=../../python/src")
	command.Stdin = strings.NewReader(f.code + headless[f.first()])
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s\n%s", err, out, f.code)
	}
	return nil
}

// heredoc matches a file that a command of a block writes.
var heredoc = regexp.MustCompile(`(?s)cat > palisade\.yaml <<'END'\n(.*?)\nEND\n`)

func checkShell(t *testing.T, f fence) error {
	if written := heredoc.FindStringSubmatch(f.code); written != nil {
		if err := checkConfig(t, written[1]); err != nil {
			return err
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^(?:go run (?:\.\./\.\.|\.)/cmd/)?palisade ([a-z-]+)(.*)$`).FindAllStringSubmatch(f.code, -1) {
		if err := checkFlags(t, line[1], line[2]); err != nil {
			return err
		}
	}
	for _, target := range regexp.MustCompile(`(?m)^make ([a-z]+)`).FindAllStringSubmatch(f.code, -1) {
		if out, err := exec.Command("make", "-C", "../..", "-n", target[1]).CombinedOutput(); err != nil {
			return fmt.Errorf("make %s: %w\n%s", target[1], err, out)
		}
	}
	return parse(t, f)
}

func checkYAML(t *testing.T, f fence) error {
	switch first := f.first(); {
	case strings.HasPrefix(first, "# palisade.yaml"):
		return checkConfig(t, f.code)
	case strings.HasPrefix(first, "# audit.yaml"):
		return checkAudit(t, f.code)
	}
	command := exec.Command("ruby", "-ryaml", "-e", "YAML.safe_load($stdin.read)")
	command.Stdin = strings.NewReader(f.code)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s\n%s", err, out, f.code)
	}
	return nil
}

// checkFlags asks the program whether it has the flags of a line.
func checkFlags(t *testing.T, command, arguments string) error {
	t.Helper()
	help, err := said(t, ".", "help", command)
	if err != nil {
		return err
	}
	arguments, _, _ = strings.Cut(arguments, " #")
	for _, flag := range regexp.MustCompile(` --?([a-z][a-z-]*)`).FindAllStringSubmatch(arguments, -1) {
		if !regexp.MustCompile(`-` + flag[1] + `\b`).MatchString(help) {
			return fmt.Errorf("palisade %s has no flag -%s", command, flag[1])
		}
	}
	return nil
}

// checkConfig asks the gateway whether a configuration is valid.
func checkConfig(t *testing.T, text string) error {
	dir := t.TempDir()
	for name, text := range map[string]string{"palisade.yaml": text, "shop.secret": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
		"-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, err := said(t, dir, "check-config", "palisade.yaml")
	return err
}

// checkAudit asks the audit whether a file is valid. Nobody listens at the file's target, so
// a run with a valid file ends with an error about the page.
func checkAudit(t *testing.T, text string) error {
	dir := t.TempDir()
	for name, text := range map[string]string{"audit.yaml": text, ".env": "", "config.py": "", "app.db": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := said(t, dir, "audit", "-c", "audit.yaml")
	if err != nil && strings.Contains(err.Error(), "connection refused") {
		return nil
	}
	return fmt.Errorf("this is no audit of an app that does not run: %w", err)
}

// said returns the output of the program, which is built once.
func said(t *testing.T, dir string, arguments ...string) (string, error) {
	t.Helper()
	command := exec.Command(program(t), arguments...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("palisade %s: %w\n%s", strings.Join(arguments, " "), err, bytes.TrimSpace(out))
	}
	return string(out), err
}

var built string // the program, once a test needed it

func program(t *testing.T) string {
	t.Helper()
	if built == "" {
		built = filepath.Join(scratch, "palisade")
		if out, err := exec.Command("go", "build", "-o", built, "../../cmd/palisade").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return built
}

var scratch string // removed when all tests are done

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "palisade-docs-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch) // the system's own cleaning removes the rest
	os.Exit(code)
}
