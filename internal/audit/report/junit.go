package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Began    string      `xml:"timestamp,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string     `xml:"name,attr"`
	Class   string     `xml:"classname,attr"`
	Failure *junitSaid `xml:"failure,omitempty"`
	Error   *junitSaid `xml:"error,omitempty"`
	Skipped *junitSaid `xml:"skipped,omitempty"`
}

type junitSaid struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

// JUnit writes reports in the format in which build servers show tests. A form is a suite
// and a rule is a test. A finding is a failure, and an undecided rule is an error. Rules
// left out, known findings and remarks are skipped tests.
func JUnit(w io.Writer, reports ...*engine.Report) error {
	var all junitSuites
	for _, r := range reports {
		all.Suites = append(all.Suites, suiteOf(r))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func suiteOf(r *engine.Report) junitSuite {
	suite := junitSuite{Name: "palisade audit " + r.Form, Tests: len(r.Findings), Time: fmt.Sprintf("%.1f", r.Took), Began: r.Began.Format("2006-01-02T15:04:05")}
	for _, f := range r.Findings {
		c := junitCase{Name: f.ID + " " + f.Title, Class: "palisade.audit." + f.ID[:1]}
		switch {
		case f.Status == engine.Fail && (f.Known || f.Severity == engine.Note):
			c.Skipped = &junitSaid{Message: f.Says}
			suite.Skipped++
		case f.Status == engine.Fail:
			c.Failure = &junitSaid{Message: f.Says, Type: f.Severity.String(), Text: junitText(f)}
			suite.Failures++
		case f.Status == engine.Inconclusive:
			c.Error = &junitSaid{Message: f.Says, Type: "inconclusive"}
			suite.Errors++
		case f.Status == engine.LeftOut:
			c.Skipped = &junitSaid{Message: f.Says}
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, c)
	}
	return suite
}

func junitText(f engine.Finding) string {
	parts := []string{f.Why, strings.Join(refs(f.Refs), ", "), "To mend it: " + f.Fix, f.Code}
	for _, e := range f.Evidence {
		parts = append(parts, e.What+":\n"+e.Request+"\n\n"+e.Response)
	}
	return strings.Join(parts, "\n\n")
}
