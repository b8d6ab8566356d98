package report

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit"
	"github.com/palisade-dev/palisade/internal/audit/engine"
)

type object = map[string]any

// SARIF writes reports as SARIF 2.1.0 (OASIS), which code hosts and editors show. Each
// report is a run of its own. Rules that passed, were left out or stayed undecided are
// results of that kind.
func SARIF(w io.Writer, reports ...*engine.Report) error {
	runs := []object{}
	for _, r := range reports {
		runs = append(runs, sarifRun(r))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(object{
		"$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", "version": "2.1.0", "runs": runs,
	})
}

func sarifRun(r *engine.Report) object {
	rules, results := []object{}, []object{} // [] and not null
	for i, f := range r.Findings {
		rules = append(rules, sarifRule(f.ID))
		results = append(results, sarifResult(r, f, i))
	}
	return object{
		"automationDetails": object{"id": "palisade-audit/" + r.Target + "/"}, // tells the runs of several forms apart
		"tool": object{"driver": object{
			"name": "palisade audit", "informationUri": "https://github.com/palisade-dev/palisade", "rules": rules,
		}},
		"results":    results,
		"columnKind": "utf16CodeUnits",
		"invocations": []object{{
			"executionSuccessful": r.Broken == "" && r.Stopped == "",
			"startTimeUtc":        r.Began.Format("2006-01-02T15:04:05Z"),
		}},
		"properties": object{"target": r.Target, "baseline": r.Baseline, "seed": fmt.Sprint(r.Seed), "requests": r.Requests},
	}
}

func sarifRule(id string) object {
	for _, rule := range audit.Catalogue() {
		if rule.ID == id {
			about := object{
				"id": id, "name": name(rule.Title), "shortDescription": object{"text": rule.Title}, "fullDescription": object{"text": rule.Why},
				"help": object{"text": rule.Fix.Text}, "defaultConfiguration": object{"level": level(rule.Severity)},
				"properties": object{"tags": append([]string{"security"}, refs(rule.Refs)...), "security-severity": score(rule.Severity)},
			}
			if page := weakness(rule.Refs); page != "" {
				about["helpUri"] = page
			}
			return about
		}
	}
	return object{"id": id}
}

// name makes an identifier of a title.
func name(title string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(title) {
		word = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, word)
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func sarifResult(r *engine.Report, f engine.Finding, index int) object {
	kind := map[engine.Status]string{engine.Fail: "fail", engine.Pass: "pass", engine.LeftOut: "notApplicable", engine.Inconclusive: "open"}[f.Status]
	message := f.Says
	if f.Fix != "" {
		message += " To mend it: " + f.Fix
	}
	if message == "" {
		message = f.Title
	}
	sum := sha256.Sum256([]byte(f.ID + " " + r.Form))
	result := object{
		"ruleId": f.ID, "ruleIndex": index, "kind": kind, "level": "none", "message": object{"text": message},
		"locations": []object{{
			"physicalLocation": object{"artifactLocation": object{"uri": r.Target}},
			"logicalLocations": []object{{"fullyQualifiedName": r.Form, "kind": "resource"}},
		}},
		"partialFingerprints": object{"ruleAndForm/v1": fmt.Sprintf("%x", sum[:16])},
	}
	if f.Status == engine.Fail {
		result["level"] = level(f.Severity)
		if len(f.Evidence) > 0 {
			result["properties"] = object{"request": f.Evidence[0].Request, "response": f.Evidence[0].Response}
		}
	}
	if f.Known {
		result["suppressions"] = []object{{"kind": "external", "justification": "in the baseline file"}}
	}
	return result
}

func level(s engine.Severity) string {
	switch {
	case s >= engine.High:
		return "error"
	case s >= engine.Low:
		return "warning"
	}
	return "note"
}

// score is a severity on the scale of CVSS, by which code hosts sort.
func score(s engine.Severity) string {
	return map[engine.Severity]string{engine.Critical: "9.5", engine.High: "8.0", engine.Medium: "5.5", engine.Low: "3.0", engine.Note: "0.0"}[s]
}
