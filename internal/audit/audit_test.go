package audit_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/internal/audit"
	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// quiet is the log of servers that fail on purpose.
var quiet = log.New(io.Discard, "", 0)

var update = flag.Bool("update", false, "write the golden files anew")

// specFor is the specification of an audit of the reference app.
func specFor(t testing.TB, a *reference, url string) engine.Spec {
	s := engine.Spec{
		Target: url + "/signup", Effect: "/effects#signups", Verifier: a.services, Seed: 7, Patience: 8 * time.Second, Rate: 2000,
		Captcha: a.service, Upstream: "http://127.0.0.1:9",
	}
	switch a.defect {
	case "A09":
		s.Later = []string{"/signup/confirm"}
	case "J01":
		s.Upstream = outerListener(t)
	case "C08":
		s.Patience = time.Minute // rules that look for races send ten megabytes, which takes long
	case "B03":
		s.Instances = []string{url}
	case "B10":
		s.Captcha, s.Verifier = "", nil
	}
	return s
}

// outerListener listens on an address of this machine that is not loopback.
func outerListener(t testing.TB) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			l, err := net.Listen("tcp", net.JoinHostPort(n.IP.String(), "0"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			return "http://" + l.Addr().String()
		}
	}
	t.Fatal("this machine has no network address but loopback, which the test needs")
	return ""
}

// Each rule runs against the app with its mistake and against the app without one.
func TestEachRuleFindsItsMistakeAndNoOther(t *testing.T) {
	for _, rule := range audit.Catalogue() {
		if rule.Offline {
			continue
		}
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			a, url := startReference(t, rule.ID)
			if rule.ID == "B10" {
				url = startShared(t)
			}
			spec := specFor(t, a, url)
			spec.Only = []string{rule.ID}
			report, err := audit.Run(context.Background(), spec)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("rules", rule.ID+".golden"), describe(report, url))
			if f := report.Findings[0]; f.Status != engine.Fail {
				t.Errorf("%s: %s: %s %s", rule.ID, f.Status, f.Says, report.Broken)
			}
			if report.Requests > report.Bound {
				t.Errorf("%d requests were sent, and %d announced", report.Requests, report.Bound)
			}
		})
	}
}

func TestTheReferenceAppHasNoFindings(t *testing.T) {
	t.Parallel()
	a, url := startReference(t, "")
	report, err := audit.Run(context.Background(), specFor(t, a, url))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.Status == engine.Fail || f.Status == engine.Inconclusive {
			t.Errorf("%s %s: %s", f.ID, f.Status, f.Says)
		}
	}
	if report.Broken != "" || report.Stopped != "" {
		t.Errorf("broken %q, stopped %q", report.Broken, report.Stopped)
	}
	if a.requests > report.Requests || report.Requests > report.Bound || a.requests < report.Requests-20 { // a request that the server cannot parse does not reach the app
		t.Errorf("the app counted %d requests, the report says %d of at most %d", a.requests, report.Requests, report.Bound)
	}
	t.Logf("%d requests of %d, %.1f s", report.Requests, report.Bound, report.Took)
}

// describe prints a finding for the golden files, without the parts that differ from run to
// run.
func describe(r *engine.Report, url string) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s, %s\n%s\n%s\n", f.ID, f.Status, f.Severity, f.Title, f.Says)
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "\n%s: %d effects\n%s\n\n%s", e.What, e.Effects, e.Request, e.Response)
		}
	}
	host := strings.TrimPrefix(url, "http://")
	text := strings.ReplaceAll(b.String(), host, "HOST")
	text = strings.ReplaceAll(text, strings.ReplaceAll(host, ":", "%3A"), "HOST")
	for pattern, with := range varies {
		text = pattern.ReplaceAllString(text, with)
	}
	return text
}

var varies = map[*regexp.Regexp]string{
	regexp.MustCompile(`visitor=\d+`):                                              "visitor=N",
	regexp.MustCompile(`(pal[a-z2-9]{9})`):                                         "CANARY",
	regexp.MustCompile(`(0\.|P1_|03A)[A-Z2-7]{78}`):                                "TOKEN",
	regexp.MustCompile(`ts=\d+(\.\d+)?`):                                           "ts=N",
	regexp.MustCompile(`after \d+(\.\d+)?m?s`):                                     "after T",
	regexp.MustCompile(`The app at [0-9.:]+`):                                      "The app at ADDRESS",
	regexp.MustCompile(`nonce=[0-9a-f]{10,}`):                                      "nonce=N",
	regexp.MustCompile(`of \d+ submissions at once the app did \d+`):               "of N submissions at once the app did M",
	regexp.MustCompile(`Of 20 submissions at once with one token the app did \d+`): "Of 20 submissions at once with one token the app did M",
	regexp.MustCompile(`at once with one token: \d+ effects`):                      "at once with one token: M effects",
	regexp.MustCompile(`valid submissions at once: \d+ effects`):                   "valid submissions at once: M effects",
	regexp.MustCompile(`(palisade-(ticket|proof)=)[^&\s]+`):                        "${1}SEALED",
	regexp.MustCompile(`&[a-z_]+_[0-9a-f]{4,8}=[0-9a-f]*`):                         "&DECOY",
	regexp.MustCompile(`Content-Length: [67]\d\d`):                                 "Content-Length: N", // the length of decoys and proofs differs
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; run go test -update if that is meant\n--- it has\n%s\n--- now\n%s", path, want, got)
	}
}

// Settings show mistakes that no app shows from outside.
func TestSettings(t *testing.T) {
	right := []engine.Setting{
		{Name: "TURNSTILE_SECRET", Value: "0x4AAAAAAAzzzzzzzzzzzzzzzzzzzzzz"}, {Name: "TESTING", Value: "False"}, {Name: "FAIL_OPEN", Value: "false"}, {Name: "SECRET_KEY", Value: "k3j4h5k3j4h5kj3h4k5jh3k4j5h"},
		{Name: "trust", Value: "[10.0.0.0/8]"}, {Name: "RECAPTCHA_HOSTNAME", Value: "example.com"}, {Name: "replicas", Value: "3"}, {Name: "store", Value: "redis://cache"},
	}
	a, url := startReference(t, "")
	for _, rule := range audit.Catalogue() {
		if !rule.Offline {
			continue
		}
		id := rule.ID
		for status, given := range map[engine.Status][]engine.Setting{engine.Fail: slices.Clone(rule.Example), engine.Pass: right, engine.LeftOut: nil} {
			for i := range given {
				given[i].Place = fmt.Sprintf("settings:%d", i+1)
			}
			spec := specFor(t, a, url)
			spec.Only, spec.Settings = []string{id}, given
			report, err := audit.Run(context.Background(), spec)
			if err != nil {
				t.Fatal(err)
			}
			if f := report.Findings[0]; f.Status != status {
				t.Errorf("%s with %v: %s, %s; want %s", id, given, f.Status, f.Says, status)
			} else if status == engine.Fail {
				golden(t, filepath.Join("rules", id+".golden"), describe(report, url))
			}
		}
	}
}

// Each known mistake has a rule, or a reason why it has none.
func TestNoEntryOfTheCatalogueIsForgotten(t *testing.T) {
	has := map[string]bool{}
	last := map[byte]string{} // highest id of each group
	for _, rule := range audit.Catalogue() {
		if has[rule.ID] {
			t.Errorf("there are two rules %s", rule.ID)
		}
		has[rule.ID] = true
	}
	for id := range audit.Absent {
		if has[id] {
			t.Errorf("%s has a rule, but Absent lists it too", id)
		}
		has[id] = true
	}
	for id := range has {
		last[id[0]] = max(last[id[0]], id)
	}
	for group, end := range last {
		for i, id := 1, ""; id != end; i++ {
			if id = fmt.Sprintf("%c%02d", group, i); !has[id] {
				t.Errorf("%s has neither a rule nor a reason in Absent", id)
			}
		}
	}
}

// A rule has one file, one golden file, and one line in the list of its folder.
func TestARuleIsOneFileAndOneGoldenFile(t *testing.T) {
	files := map[string]bool{}
	for pattern, prefix := range map[string]string{"rule/*/[a-z][0-9][0-9]_*.go": "file ", "testdata/rules/*.golden": "golden "} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			files[prefix+strings.ToUpper(filepath.Base(name)[:3])] = true
		}
	}
	for _, rule := range audit.Catalogue() {
		for _, prefix := range []string{"file ", "golden "} {
			if !files[prefix+rule.ID] {
				t.Errorf("%s has no %sof its own", rule.ID, prefix)
			}
			delete(files, prefix+rule.ID)
		}
		if rule.Title == "" || rule.Why == "" || rule.Fix.Text == "" || rule.Refs.CWE == 0 || rule.Check == nil {
			t.Errorf("%s: a rule has a title, a reason, advice, a weakness (CWE) and a check", rule.ID)
		}
		if rule.Offline != (rule.Example != nil) {
			t.Errorf("%s: a rule that reads settings has an example of wrong ones", rule.ID)
		}
	}
	for name := range files {
		t.Errorf("%s: the list of its folder, rules.go, has no such rule", name)
	}
}

// The audits wait most of their time, so more of them than processors can run at once. Use
// -parallel=1 to measure.
func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("6") // cannot fail: it is a number
	}
	os.Exit(m.Run())
}
