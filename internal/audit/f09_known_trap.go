package audit

import (
	"context"
	"slices"
	"strings"
)

var f09 = &Rule{
	ID: "F09", Title: "The honeypot has a name that bots know", Severity: Note, Fix: traps, Shots: 0,
	Why:  "The names that form libraries give to their honeypots are in every bot's list of fields to leave empty.",
	Refs: Refs{CWE: 656},
	check: func(_ context.Context, p *Probe) Result {
		for _, i := range p.first.form.inputs {
			if p.isTrap(i) && slices.ContainsFunc(honeypots, func(word string) bool { return strings.Contains(strings.ToLower(i.name), word) }) {
				return fail(nil, "The honeypot is called %s.", i.name)
			}
		}
		if len(p.traps(p.first)) == 0 {
			return leftOut("the page shows no honeypot")
		}
		return pass("It has none of the usual names of honeypots.")
	},
}
