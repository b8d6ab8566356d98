package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// Text writes the report for a terminal, in colour only if the output is one. Verbose adds
// the rules that passed or were left out.
func Text(w io.Writer, r *engine.Report, colour, verbose bool) error {
	p := &printer{w: w, colour: colour}
	p.line("%s", p.bold(Verdict(r)))
	p.line("")
	p.line("  form      %s at %s", r.Form, r.Target)
	if r.Captcha != "" {
		p.line("  captcha   %s", r.Captcha)
	}
	if r.Baseline != "" {
		p.line("  baseline  %s", r.Baseline)
	}
	p.line("  sent      %d requests of at most %d, in %.1f s; seed %d", r.Requests, r.Bound, r.Took, r.Seed)
	if r.Stopped != "" {
		p.line("  stopped   %s; not reached: %s", r.Stopped, strings.Join(r.Unreached(), " "))
	}
	if r.Broken != "" {
		p.line("")
		p.line("%s %s", p.paint("33", "inconclusive"), indent(r.Broken, "             "))
	}
	for _, f := range worst(r) {
		p.finding(f, r.Broken != "", verbose)
	}
	p.line("")
	p.line("%s, %d inconclusive, %d passed, %d left out%s", plural(r.Count(engine.Fail), "finding"), r.Count(engine.Inconclusive), r.Count(engine.Pass), r.Count(engine.LeftOut), known(r))
	return p.err
}

func known(r *engine.Report) string {
	n := 0
	for _, f := range r.Findings {
		if f.Known {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d known before", n)
}

type printer struct {
	w      io.Writer
	colour bool
	err    error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) paint(code, s string) string {
	if !p.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *printer) bold(s string) string { return p.paint("1", s) }

var colours = map[engine.Severity]string{engine.Critical: "1;31", engine.High: "31", engine.Medium: "33", engine.Low: "36", engine.Note: "2"}

func (p *printer) finding(f engine.Finding, broken, verbose bool) {
	switch {
	case f.Status == engine.Fail && f.Known:
		p.line("")
		p.line("%s %s %s (known)", p.paint("2", "known   "), f.ID, f.Title)
	case f.Status == engine.Fail:
		p.failed(f)
	case f.Status == engine.Inconclusive && !broken:
		p.line("")
		p.line("%s  %s %s", p.paint("33", "inconclusive"), f.ID, f.Title)
		p.line("    %s", indent(f.Says, "    "))
	case verbose:
		p.line("%s  %s (%s): %s", p.paint("2", fmt.Sprintf("%-8s", f.Status)), f.ID, f.Title, f.Says)
	}
}

func (p *printer) failed(f engine.Finding) {
	p.line("")
	p.line("%s  %s %s", p.paint(colours[f.Severity], fmt.Sprintf("%-8s", f.Severity)), f.ID, p.bold(f.Title))
	p.line("    %s", indent(f.Says, "    "))
	p.line("    %s", indent(f.Why, "    "))
	p.line("    %s", strings.Join(refs(f.Refs), ", "))
	if len(f.Evidence) > 0 {
		p.line("")
		p.line("    sent:")
		for line := range strings.Lines(clip(f.Evidence[0].Request, 14)) {
			p.line("      %s", strings.TrimRight(line, "\n"))
		}
		answer, _, _ := strings.Cut(f.Evidence[0].Response, "\n")
		p.line("    answered: %s", answer)
	}
	p.line("")
	p.line("    to mend it: %s", indent(f.Fix, "    "))
	for line := range strings.Lines(f.Code) {
		p.line("      %s", p.paint("32", strings.TrimRight(line, "\n")))
	}
}

func indent(s, by string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n"+by) }

// clip keeps the first lines of a text, and both ends of each long line.
func clip(s string, most int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if len(lines) > most {
		lines = append(lines[:most], "…")
	}
	for i, line := range lines {
		if r := []rune(line); len(r) > 240 { // the telling part may be at either end
			lines[i] = string(r[:140]) + " … " + string(r[len(r)-90:])
		}
	}
	return strings.Join(lines, "\n")
}
