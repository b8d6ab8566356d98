package audit

import (
	"context"
	"slices"
	"strings"
)

var f07 = &Rule{
	ID: "F07", Title: "The honeypot catches people", Severity: Note, Fix: traps, Shots: 0,
	Why:  "Browsers fill in fields whose names they know, and screen readers read what is not marked. Then people are taken for bots.",
	Refs: Refs{CWE: 1023},
	check: func(_ context.Context, p *Probe) Result {
		known := []string{"name", "email", "website", "url", "phone", "address", "zip", "company", "my_name", "tel", "city", "organization"}
		for _, i := range p.first.form.inputs {
			switch {
			case !p.isTrap(i):
			case slices.Contains(known, strings.ToLower(i.name)) && i.autocomplete == "":
				return fail(nil, "The honeypot %s has a name that browsers fill in, and no autocomplete.", i.name)
			case i.autocomplete == "" || i.tabindex != "-1":
				return fail(nil, "The honeypot %s lacks autocomplete or tabindex=\"-1\".", i.name)
			case !i.hidden:
				return fail(nil, "The honeypot %s is hidden by a style sheet alone, and read out by screen readers: it lacks aria-hidden.", i.name)
			}
		}
		if len(p.traps(p.first)) == 0 {
			return leftOut("the page shows no honeypot")
		}
		return pass("The honeypot has autocomplete, tabindex and aria-hidden.")
	},
}
