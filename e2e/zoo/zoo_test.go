// Package zoo tests the audit with real small apps. Each app has one mistake of the
// catalogue, or none, and the audit must find exactly that one.
package zoo

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/report"
)

const root = "../../internal/audit/testdata/zoo"

var all = flag.Bool("all", false, "audit every app of the zoo, not the sample")

// sample are the apps of a daily run: one of each framework, each with a mistake of another
// kind. The daily tests of package audit try each rule with the reference app. The sample
// adds the frameworks.
var sample = []string{
	"go/a10_sibling",               // net/http: a second route to the same action
	"go/e02_private_network",       // Gin: the client that a limit counts
	"go/d06_text",                  // Fiber: a body that is parsed in another way
	"express/b18_not_a_string.js",  // the type of a token
	"flask/c03_outage_courtesy.py", // the verifier is down
	"django/ok.py",                 // no mistake, so the audit must find nothing
}

// The audits wait most of their time, so more of them than processors can run at once. Use
// -parallel=1 to measure.
func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("10") // cannot fail: it is a number
	}
	status := m.Run()
	apps.Clean()
	os.Exit(status)
}

// audited runs palisade audit, and returns its findings.
func audited(t *testing.T, args ...string) *engine.Report {
	t.Helper()
	program, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.Command(program, append([]string{"audit", "-rate", "1000", "-json", file}, args...)...)
	out, err := cmd.CombinedOutput()
	text, unread := os.ReadFile(file)
	if unread != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	list, err := report.Read(bytes.NewReader(text))
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %d reports", err, len(list))
	}
	r := list[0]
	if r.Broken != "" || r.Stopped != "" {
		t.Errorf("%s%s", r.Broken, r.Stopped)
	}
	if r.Requests > r.Bound {
		t.Errorf("it sent %d requests and announced %d", r.Requests, r.Bound)
	}
	worst, found := r.Worst()
	if status := cmd.ProcessState.ExitCode(); (status >= 4) != (found && worst > engine.Note) {
		t.Errorf("it ended with status %d, and the worst finding is %s", status, worst)
	}
	return r
}

// animal is an app of the zoo.
type animal struct{ name, path, defect string }

// animals returns the apps to audit, with the Go apps built.
func animals(t *testing.T) (list []animal) {
	t.Helper()
	bin := t.TempDir() // kept until the parallel tests have ended
	build := exec.Command("go", "build", "-o", bin)
	if *all {
		build.Args = append(build.Args, "./go/...")
	}
	for _, name := range sample {
		if !*all && strings.HasPrefix(name, "go/") {
			build.Args = append(build.Args, "./"+name)
		}
	}
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, pattern := range []string{"flask/*.py", "django/*.py", "express/*.js", "go/*/main.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no apps at %s", pattern)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := bytes.Cut(text, []byte("\n"))
			words := strings.Fields(string(first))
			a := animal{name: filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file), path: file}
			if strings.HasSuffix(file, ".go") {
				a.name = "go/" + filepath.Base(filepath.Dir(file))
			}
			switch {
			case strings.HasPrefix(filepath.Base(file), "right."):
				continue
			case strings.Contains(string(first), "no defect"):
			case strings.Contains(string(first), "defect: "):
				a.defect = words[len(words)-1]
			default:
				t.Fatalf("%s: its first line does not say which defect it has", file)
			}
			if strings.HasSuffix(file, ".go") {
				a.path = filepath.Join(bin, filepath.Base(filepath.Dir(file)))
			} else if a.path, err = filepath.Abs(file); err != nil {
				t.Fatal(err)
			}
			if *all || slices.Contains(sample, a.name) {
				list = append(list, a)
			}
		}
	}
	if !*all && len(list) != len(sample) {
		t.Fatalf("of the sample's %d apps there are %d", len(sample), len(list))
	}
	return list
}

// also are true findings of an app besides its planted mistake, with the reasons. A finding
// that is neither here nor in an app's first line is a false alarm.
var also = map[string]string{}

func TestZoo(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var rows []string
	t.Cleanup(func() {
		slices.Sort(rows)
		t.Logf("app | planted | found | also found | seconds\n%s", strings.Join(rows, "\n"))
	})
	for _, a := range animals(t) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			row := visit(t, a)
			mu.Lock()
			defer mu.Unlock()
			rows = append(rows, row)
		})
	}
}

// visit audits one app, and judges the findings.
func visit(t *testing.T, a animal) string {
	verifier := "127.0.0.1:" + apps.FreePort(t)
	app := apps.Zoo(t, a.path, "http://"+verifier+"/turnstile/v0/siteverify")
	report := audited(t, app.URL+"/signup", "-effect", "/effects#signups", "-verifier", verifier, "-patience", "5s")
	var found, others []string
	for _, f := range report.Findings {
		switch {
		case f.Status == engine.Inconclusive:
			t.Errorf("%s is inconclusive: %s", f.ID, f.Says)
		case f.Status != engine.Fail:
		case f.ID == a.defect:
			found = append(found, f.ID)
		case also[a.name+" "+f.ID] != "":
			others = append(others, f.ID)
		default:
			t.Errorf("%s was not planted: %s: %s\n%s", f.ID, f.Title, f.Says, evidence(f))
			others = append(others, f.ID+"!")
		}
	}
	if a.defect != "" && found == nil {
		t.Errorf("%s was planted and not found: %s", a.defect, say(report, a.defect))
	}
	return fmt.Sprintf("%s | %s | %s | %s | %.1f", a.name, a.defect, strings.Join(found, " "), strings.Join(others, " "), report.Took)
}

func say(r *engine.Report, id string) string {
	for _, f := range r.Findings {
		if f.ID == id {
			return f.Status.String() + ": " + f.Says
		}
	}
	return "there is no such rule"
}

func evidence(f engine.Finding) string {
	if len(f.Evidence) == 0 {
		return ""
	}
	return f.Evidence[0].Request[:min(900, len(f.Evidence[0].Request))] + "\n" + f.Evidence[0].Response
}
