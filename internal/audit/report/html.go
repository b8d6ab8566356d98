package report

import (
	_ "embed" // the page
	"html/template"
	"io"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"refs":     func(r audit.Refs) string { r.CWE = 0; return strings.Join(refs(r), " · ") },
	"weakness": weakness,
	"inc":      func(i int) int { return i + 1 },
	"dict": func(title string, rules []audit.Finding, open bool) any {
		return struct {
			Title string
			Rules []audit.Finding
			Open  bool
		}{title, rules, open}
	},
	"clip": func(s string) string { return clip(s, 40) },
}).Parse(pageText))

// view is a report as the page shows it.
type view struct {
	*audit.Report
	Verdict                           string
	Worst                             string
	Failed, Known, Unclear, Fine, Out []audit.Finding
}

// HTML writes reports as one page that needs nothing else, to be shown or printed.
func HTML(w io.Writer, reports ...*audit.Report) error {
	var views []view
	for _, r := range reports {
		views = append(views, viewOf(r))
	}
	return page.Execute(w, views)
}

func viewOf(r *audit.Report) view {
	view := view{Report: r, Verdict: Verdict(r), Worst: "fine"}
	for _, f := range worst(r) {
		switch {
		case f.Status == audit.Fail && f.Known:
			view.Known = append(view.Known, f)
		case f.Status == audit.Fail:
			view.Failed = append(view.Failed, f)
		case f.Status == audit.Inconclusive:
			view.Unclear = append(view.Unclear, f)
		case f.Status == audit.Pass:
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
