// Package report writes the findings of an audit: for people in a terminal or as a page, for
// programs as JSON, SARIF and JUnit.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// Writer writes the reports of one or several forms.
type Writer func(io.Writer, ...*engine.Report) error

// Formats are the formats by name, without the format of the terminal.
var Formats = map[string]Writer{"json": JSON, "sarif": SARIF, "junit": JUnit, "html": HTML}

// JSON writes a report as it is, and several reports as a list.
func JSON(w io.Writer, reports ...*engine.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if len(reports) == 1 {
		return e.Encode(reports[0])
	}
	return e.Encode(reports)
}

// Read reads a file that [JSON] wrote, such as the known findings.
func Read(reader io.Reader) ([]*engine.Report, error) {
	text, err := io.ReadAll(io.LimitReader(reader, 64<<20))
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		var list []*engine.Report
		err := json.Unmarshal(text, &list)
		return list, err
	}
	var one engine.Report
	err = json.Unmarshal(text, &one)
	return []*engine.Report{&one}, err
}

// worst sorts findings for people: failures first, rules left out last.
func worst(r *engine.Report) []engine.Finding {
	list := slices.Clone(r.Findings)
	rank := map[engine.Status]int{engine.Fail: 0, engine.Inconclusive: 1, engine.Pass: 2, engine.LeftOut: 3}
	slices.SortStableFunc(list, func(a, b engine.Finding) int {
		switch {
		case a.Status != b.Status:
			return rank[a.Status] - rank[b.Status]
		case a.Known != b.Known && a.Known:
			return 1
		case a.Known != b.Known:
			return -1
		case a.Status == engine.Fail:
			return int(b.Severity) - int(a.Severity)
		}
		return 0
	})
	return list
}

// Verdict is the report in one sentence.
func Verdict(r *engine.Report) string {
	inconclusive := r.Count(engine.Inconclusive)
	severity, found := r.Worst()
	switch {
	case r.Broken != "":
		return "Hardly anything could be decided."
	case found && severity == engine.Note:
		return fmt.Sprintf("Protected, with %s.", plural(r.Count(engine.Fail), "remark"))
	case found && r.Count(engine.Fail) == 1:
		return fmt.Sprintf("Not protected as it should be: 1 finding, %s.", severity)
	case found:
		return fmt.Sprintf("Not protected as it should be: %s, the worst of them %s.", plural(r.Count(engine.Fail), "finding"), severity)
	case r.Stopped != "":
		return "Not finished, and nothing found so far."
	case inconclusive > 0:
		return fmt.Sprintf("Nothing found, but %s could not be decided.", plural(inconclusive, "rule"))
	}
	return fmt.Sprintf("Protected, as far as %s can tell.", plural(r.Count(engine.Pass), "rule"))
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// weakness is the page of the mistake in MITRE's list (CWE), or "".
func weakness(r engine.Refs) string {
	if r.CWE == 0 {
		return ""
	}
	return fmt.Sprintf("https://cwe.mitre.org/data/definitions/%d.html", r.CWE)
}

// refs lists the references that describe a mistake.
func refs(r engine.Refs) []string {
	var list []string
	if r.CWE != 0 {
		list = append(list, fmt.Sprintf("CWE-%d", r.CWE))
	}
	for id := range strings.SplitSeq(r.ASVS, ", ") {
		if id != "" {
			list = append(list, "ASVS "+id)
		}
	}
	for id := range strings.SplitSeq(r.OAT, ", ") {
		if id != "" {
			list = append(list, id)
		}
	}
	for id := range strings.SplitSeq(r.WSTG, ", ") {
		if id != "" {
			list = append(list, "WSTG-"+id)
		}
	}
	return list
}
