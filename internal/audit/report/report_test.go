package report_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/internal/audit"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

func rule(id string) *engine.Rule {
	for _, r := range audit.Catalogue() {
		if r.ID == id {
			return r
		}
	}
	panic(id)
}

func other(id string, status engine.Status, says string) engine.Finding {
	r := rule(id)
	return engine.Finding{ID: id, Title: r.Title, Status: status, Severity: r.Severity, Says: says, Refs: r.Refs}
}

// sample has a finding of each severity and a rule of each status.
func sample() *engine.Report {
	found := func(id, says string, known bool) engine.Finding {
		r := rule(id)
		return engine.Finding{
			ID: id, Title: r.Title, Status: engine.Fail, Severity: r.Severity, Says: says, Why: r.Why, Fix: r.Fix.Text, Code: r.Fix.Code["flask"], Refs: r.Refs, Known: known,
			Evidence: []engine.Evidence{{
				What:     "a token that is <b>bold</b>",
				Request:  "POST /signup HTTP/1.1\nHost: 127.0.0.1:8000\nContent-Type: application/x-www-form-urlencoded\n\nemail=palqwertyuio%40example.org&cf-turnstile-response=" + strings.Repeat("x", 300),
				Response: "HTTP 303\nLocation: /welcome\n\n<script>alert(1)</script>", Effects: 1,
			}},
		}
	}
	return &engine.Report{
		Target: "http://127.0.0.1:8000/signup", Form: "POST /signup", Captcha: "turnstile", Stack: "flask", Began: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
		Took: 8.44, Seed: 7, Requests: 1012, Bound: 1996, Baseline: "accepted with 303 at once; without a token refused with 403",
		Findings: []engine.Finding{
			other("A01", engine.Pass, "A submission without cf-turnstile-response was refused with 403, without an effect."),
			found("A07", "The app did it for the same fields as JSON to /api/submit.", false),
			found("B01", "The app did it again for a token that was used.", false),
			found("B06", "The app did it for a token that was made on evil.example.", false),
			found("B07", "The app did it for a token that was made for the action newsletter.", true),
			found("B17", "A token of one million bytes was sent on to the verifier.", false),
			other("C01", engine.Inconclusive, "no answer in time"),
			found("G10", "The page has neither frame-ancestors in its policy nor X-Frame-Options.", false),
			other("H01", engine.LeftOut, "stands in a configuration, which was not given or says nothing of it: give it with -settings"),
		},
	}
}

func TestFormats(t *testing.T) {
	clean := sample()
	clean.Findings = clean.Findings[:1]
	stopped := sample()
	stopped.Stopped, stopped.Findings = "it was interrupted", append(stopped.Findings[:1:1], other("B01", engine.LeftOut, "not reached: the audit was stopped"), other("C01", engine.LeftOut, "not reached: the audit was stopped"))
	broken := &engine.Report{Target: "http://127.0.0.1:1/", Began: clean.Began, Broken: "http://127.0.0.1:1/ cannot be reached:\nconnection refused", Bound: 80}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"sample.json":  func(b *bytes.Buffer) error { return report.JSON(b, sample()) },
		"sample.sarif": func(b *bytes.Buffer) error { return report.SARIF(b, sample()) },
		"sample.xml":   func(b *bytes.Buffer) error { return report.JUnit(b, sample()) },
		"sample.html":  func(b *bytes.Buffer) error { return report.HTML(b, sample()) },
		"sample.txt":   func(b *bytes.Buffer) error { return report.Text(b, sample(), false, true) },
		"coloured.txt": func(b *bytes.Buffer) error { return report.Text(b, sample(), true, false) },
		"clean.txt":    func(b *bytes.Buffer) error { return report.Text(b, clean, false, false) },
		"clean.html":   func(b *bytes.Buffer) error { return report.HTML(b, clean) },
		"stopped.txt":  func(b *bytes.Buffer) error { return report.Text(b, stopped, false, false) },
		"broken.txt":   func(b *bytes.Buffer) error { return report.Text(b, broken, false, false) },
		"two.html":     func(b *bytes.Buffer) error { return report.HTML(b, sample(), clean) },
		"two.sarif":    func(b *bytes.Buffer) error { return report.SARIF(b, sample(), clean) },
		"two.xml":      func(b *bytes.Buffer) error { return report.JUnit(b, sample(), clean) },
		"broken.sarif": func(b *bytes.Buffer) error { return report.SARIF(b, broken) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s differs; run go test -update if that is meant\n--- now\n%s", name, got)
	}
}

// An app's answer never becomes markup of the page.
func TestThePageIsInert(t *testing.T) {
	var b bytes.Buffer
	if err := report.HTML(&b, sample()); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<b>bold", "http-equiv", "src=", "<link"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
}

func TestJSONIsReadAgain(t *testing.T) {
	var b bytes.Buffer
	if err := report.JSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	list, err := report.Read(&b)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %+v", err, list)
	}
	if r := list[0]; len(r.Findings) != len(sample().Findings) || r.Findings[1].Status != engine.Fail || r.Findings[1].Severity != engine.Critical {
		t.Errorf("%+v", r)
	}
	if err := report.JSON(&b, sample(), sample()); err != nil {
		t.Fatal(err)
	}
	if list, err := report.Read(&b); err != nil || len(list) != 2 {
		t.Errorf("two: %v, %+v", err, list)
	}
	if _, err := report.Read(strings.NewReader(`{"rules":[{"status":"fine"}]}`)); err == nil {
		t.Error("a status that does not exist is read")
	}
}

func TestJUnitCounts(t *testing.T) {
	var b bytes.Buffer
	if err := report.JUnit(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var all struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &all); err != nil || len(all.Suites) != 1 {
		t.Fatalf("%v, %+v", err, all)
	}
	suite := all.Suites[0]
	if suite.Tests != 9 || suite.Failures != 4 || suite.Errors != 1 || suite.Skipped != 3 {
		t.Errorf("%+v", suite)
	}
}
