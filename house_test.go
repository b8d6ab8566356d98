package palisade_test

// Rules of the house that no compiler holds: which way imports point, what the
// modules depend on, that no module is left out, and that nothing of one
// person's machine is committed.

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var updateDeps = flag.Bool("update-deps", false, "write testdata/deps.golden anew")

const rootModule = "github.com/palisade-dev/palisade"

// mayImport says for each package of the root module which of its packages it
// may import, so that imports point one way: the root imports the steps of an
// attempt, and a step imports neither the root nor another step, so that each can
// be read, tested and used alone. Nobody imports an example or a test kit.
// Commands and adapters are modules of their own, and free.
//
// Test files are free too: their imports reach nobody who uses the package.
var mayImport = map[string][]string{
	".": {"captcha", "challenge", "challenge/provider", "challenge/work", "clientip", "event", "internal/duplicate", "internal/email", "internal/host", "internal/names", "internal/purpose", "internal/submission", "internal/ticket", "pow", "signal", "store", "store/memory", "web"},

	"captcha":  nil,
	"clientip": nil,

	"challenge":          {"signal"},
	"challenge/provider": {"captcha", "challenge", "signal"},
	"challenge/work":     {"challenge", "clientip", "pow"},
	"event":              nil,

	"pow":          {"internal/mac", "pow/internal/share"},
	"signal":       nil,
	"pow/altcha":   {"pow/internal/share"},
	"store":        nil,
	"store/memory": {"store"},
	"verdict":      {"internal/mac"},
	"web":          {"challenge"},

	"internal/adaptertest": {".", "clientip", "pow"},
	"internal/duplicate":   nil,
	"internal/email":       nil,
	"internal/host":        nil,
	"internal/gateway":     {".", "captcha", "clientip", "event", "internal/inject", "internal/route", "internal/submission", "internal/ticket", "signal", "store", "store/memory", "verdict", "web"},
	"internal/inject":      nil,
	"internal/mac":         nil,
	"internal/names":       nil,
	"internal/purpose":     nil,
	"internal/route":       {"internal/names"},
	"internal/snippet":     nil,
	"internal/submission":  {"internal/names"},
	"internal/ticket":      {"challenge", "clientip", "internal/mac", "pow", "store"},
	"internal/service":     {".", "captcha", "clientip", "event", "internal/host", "internal/mac", "pow", "signal", "store", "store/memory", "web"},
	"pow/internal/share":   nil,

	"audittest":                    {"captchatest", "internal/audit", "internal/audit/engine"},
	"internal/audit":               auditRules,
	"internal/audit/engine":        {".", "captchatest", "pow"},
	"internal/audit/fix":           {"internal/audit/engine"},
	"internal/audit/report":        {"internal/audit", "internal/audit/engine"},
	"internal/audit/rule/gateway":  forAuditRule,
	"internal/audit/rule/limit":    forAuditRule,
	"internal/audit/rule/outage":   forAuditRule,
	"internal/audit/rule/protocol": forAuditRule,
	"internal/audit/rule/replay":   forAuditRule,
	"internal/audit/rule/request":  forAuditRule,
	"internal/audit/rule/setup":    forAuditRule,
	"internal/audit/rule/trap":     forAuditRule,
	"internal/audit/rule/verify":   forAuditRule,
	"internal/audit/rule/web":      forAuditRule,

	"captchatest":      {"captcha"},
	"store/storetest":  {"store"},
	"examples/signup":  {".", "clientip"},
	"scripts/mutate":   nil,
	"scripts/outdated": nil,
	"scripts/words":    nil,
}

// forAuditRule is what a rule of the audit may import: the engine and the advice, never
// another group of rules.
var forAuditRule = []string{".", "captchatest", "internal/audit/engine", "internal/audit/fix"}

// auditRules is what the list of all rules may import.
var auditRules = []string{
	"internal/audit/engine", "internal/audit/rule/gateway", "internal/audit/rule/limit", "internal/audit/rule/outage", "internal/audit/rule/protocol",
	"internal/audit/rule/replay", "internal/audit/rule/request", "internal/audit/rule/setup", "internal/audit/rule/trap", "internal/audit/rule/verify", "internal/audit/rule/web",
}

func TestImportsPointOneWay(t *testing.T) {
	for _, file := range goFiles(t) {
		pkg := filepath.ToSlash(filepath.Dir(file))
		allowed, known := mayImport[pkg]
		if !known {
			t.Errorf("%s: package %q has no row in mayImport: add one that says what it may import", file, pkg)
			continue
		}
		if slices.Contains(strings.Split(pkg, "/"), "vendor") {
			t.Errorf("%s: a module is published without its folders called vendor, and ./... leaves them out", file)
		}
		for _, imported := range imports(t, file) {
			own, isOwn := ownPackage(imported)
			switch {
			case !isOwn && !standard(imported):
				t.Errorf("%s imports %s: the root module uses the standard library and golang.org/x only", file, imported)
			case isOwn && !isTest(file) && !slices.Contains(allowed, own):
				t.Errorf("%s: package %q may not import %q (see mayImport)", file, pkg, own)
			}
		}
	}
}

// The golden file makes a new dependency a line that a reviewer sees, whichever
// dependency of a dependency it comes through.
func TestDependencies(t *testing.T) {
	const golden = "testdata/deps.golden"
	var got strings.Builder
	got.WriteString("# The modules that the packages of each module link, tests left out.\n# Written by `make deps`.\n")
	for _, dir := range moduleDirs(t) {
		fmt.Fprintf(&got, "\n%s\n", modFile(t, dir).Module.Path)
		for _, dependency := range dependencies(t, dir) {
			fmt.Fprintf(&got, "\t%s\n", dependency)
		}
	}
	if *updateDeps {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the dependencies are not those of %s; if that is meant, run `make deps` and commit the file\n--- it has\n%s--- now\n%s", golden, want, &got)
	}
}

// `make test` sees the modules in go.work and no others.
func TestEveryModuleIsInTheWorkspace(t *testing.T) {
	var work struct{ Use []struct{ DiskPath string } }
	goJSON(t, &work, "work", "edit", "-json")
	var used []string
	for _, use := range work.Use {
		used = append(used, filepath.Clean(use.DiskPath))
	}
	for _, dir := range moduleDirs(t) {
		if !slices.Contains(used, dir) {
			t.Errorf("%s has a go.mod but no test of it runs: go work use ./%[1]s", dir)
		}
	}
}

// What the root requires, every user of the library gets. A replace is allowed
// only where it leads to another module of this repository, see docs/design.md
// on dependencies.
func TestModuleFiles(t *testing.T) {
	dirs := moduleDirs(t)
	for _, dir := range dirs {
		mod := modFile(t, dir)
		for _, require := range mod.Require {
			if dir == "." && !strings.HasPrefix(require.Path, "golang.org/x/") {
				t.Errorf("the root module requires %s: it may use golang.org/x only", require.Path)
			}
		}
		for _, replace := range mod.Replace {
			if dir == "." || !slices.Contains(dirs, filepath.Join(dir, replace.New.Path)) {
				t.Errorf("%s/go.mod replaces %s by %s", dir, replace.Old.Path, replace.New.Path)
			}
		}
	}
}

// private matches what tells of one machine: home and work folders, and hosts of
// package registries, which an install command must take from its own set-up.
// The patterns are spelt so that they do not match themselves. Each match has one of
// the parts, which are found much sooner than the pattern.
var private = []struct {
	parts   []string
	pattern *regexp.Regexp
}{
	{[]string{"root/", "work/", "home/", "Users/"}, regexp.MustCompile("(^|[\\s\"'`=(:,])/(root|work|home/[a-z]+|Users/[A-Za-z]+)/")},
	{[]string{".golang.", "registry.", ".pythonhosted.", "pypi.", ".crates.", ".debian."}, regexp.MustCompile(`(proxy|sum)\.golang\.org|registry\.(npmjs|yarnpkg)\.(org|com)|files\.pythonhosted\.org|//pypi\.org|(static|index)\.crates\.io|deb\.debian\.org`)},
}

func TestNothingOfOneMachineIsCommitted(t *testing.T) {
	walk(t, func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return // not text
		}
		n := 0
		for line := range bytes.Lines(text) {
			n++
			for _, p := range private {
				has := func(part string) bool { return bytes.Contains(line, []byte(part)) }
				if !slices.ContainsFunc(p.parts, has) {
					continue
				}
				for _, found := range p.pattern.FindAll(line, -1) {
					t.Errorf("%s:%d: %q belongs to one machine", path, n, found)
				}
			}
		}
	})
}

// walk visits every file of the repository but those that git ignores.
func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	notOurs := []string{".git", ".tools", "node_modules", ".venv", "shots"}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(notOurs, entry.Name()):
			return filepath.SkipDir
		case entry.Type().IsRegular() && !slices.Contains(notOurs, entry.Name()): // .git is a file in a worktree
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// moduleDirs returns the folder of every module of the repository, sorted.
func moduleDirs(t *testing.T) []string {
	t.Helper()
	var dirs []string
	walk(t, func(path string) {
		if filepath.Base(path) == "go.mod" {
			dirs = append(dirs, filepath.Dir(path))
		}
	})
	slices.Sort(dirs)
	return dirs
}

// goFiles returns the Go files of the root module, whatever system they are for.
func goFiles(t *testing.T) []string {
	t.Helper()
	var nested []string
	for _, dir := range moduleDirs(t) {
		if dir != "." {
			nested = append(nested, dir+string(filepath.Separator))
		}
	}
	var files []string
	walk(t, func(path string) {
		inNested := slices.ContainsFunc(nested, func(dir string) bool { return strings.HasPrefix(path, dir) })
		inTestdata := slices.Contains(strings.Split(filepath.ToSlash(path), "/"), "testdata")
		if filepath.Ext(path) == ".go" && !inNested && !inTestdata {
			files = append(files, path)
		}
	})
	return files
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// ownPackage returns the folder of an imported package of the root module.
func ownPackage(imported string) (dir string, ok bool) {
	if imported == rootModule {
		return ".", true
	}
	return strings.CutPrefix(imported, rootModule+"/")
}

// standard reports whether a path is of the standard library, whose first
// element is the only one that has no dot, or of golang.org/x.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") || strings.HasPrefix(imported, "golang.org/x/")
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.go") }

type goMod struct {
	Module  struct{ Path string }
	Require []struct{ Path string }
	Replace []struct{ Old, New struct{ Path string } }
}

func modFile(t *testing.T, dir string) (mod goMod) {
	t.Helper()
	goJSON(t, &mod, "mod", "edit", "-json", filepath.Join(dir, "go.mod"))
	return mod
}

// dependencies returns the modules outside the workspace that the packages of a
// module link on Linux: the list must not depend on who asks.
func dependencies(t *testing.T, dir string) []string {
	t.Helper()
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./...")
	list.Dir = dir
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	modules := strings.Fields(string(output(t, list)))
	slices.Sort(modules)
	return slices.Compact(modules)
}

func goJSON(t *testing.T, into any, args ...string) {
	t.Helper()
	if err := json.Unmarshal(output(t, exec.Command("go", args...)), into); err != nil {
		t.Fatal(err)
	}
}

func output(t *testing.T, command *exec.Cmd) []byte {
	t.Helper()
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, &stderr)
	}
	return out
}
