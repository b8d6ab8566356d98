package report

import (
	_ "embed" // the page
	"html/template"
	"io"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"refs":     func(r engine.Refs) string { r.CWE = 0; return strings.Join(refs(r), " · ") },
	"weakness": weakness,
	"inc":      func(i int) int { return i + 1 },
	"dict": func(title string, rules []engine.Finding, open bool) any {
		return struct {
			Title string
			Rules []engine.Finding
			Open  bool
		}{title, rules, open}
	},
	"clip": func(s string) string { return clip(s, 40) },
}).Parse(pageText))

// view is a report in the form that the page needs.
type view struct {
	*engine.Report
	Verdict                           string
	Worst                             string
	Failed, Known, Unclear, Fine, Out []engine.Finding
}

// HTML writes reports as one page without other files, to be shown or printed.
func HTML(w io.Writer, reports ...*engine.Report) error {
	var views []view
	for _, r := range reports {
		views = append(views, viewOf(r))
	}
	return page.Execute(w, views)
}

func viewOf(r *engine.Report) view {
	view := view{Report: r, Verdict: Verdict(r), Worst: "fine"}
	for _, f := range worst(r) {
		switch {
		case f.Status == engine.Fail && f.Known:
			view.Known = append(view.Known, f)
		case f.Status == engine.Fail:
			view.Failed = append(view.Failed, f)
		case f.Status == engine.Inconclusive:
			view.Unclear = append(view.Unclear, f)
		case f.Status == engine.Pass:
			view.Fine = append(view.Fine, f)
		default:
			view.Out = append(view.Out, f)
		}
	}
	if severity, found := r.Worst(); found {
		view.Worst = severity.String()
	} else if len(view.Unclear) > 0 || r.Stopped != "" {
		view.Worst = "unclear"
	}
	return view
}
