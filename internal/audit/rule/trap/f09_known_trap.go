package trap

import (
	"context"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var f09 = &engine.Rule{
	ID: "F09", Title: "The honeypot has a name that bots know", Severity: engine.Note, Fix: fix.Traps, Shots: 0,
	Why:  "The names that form libraries give to their honeypots are in every bot's list of fields to leave empty.",
	Refs: engine.Refs{CWE: 656},
	Check: func(_ context.Context, p *engine.Probe) engine.Result {
		for _, i := range p.First.Form.Inputs {
			if p.Filler.IsTrap(i) && slices.ContainsFunc(engine.Honeypots, func(word string) bool { return strings.Contains(strings.ToLower(i.Name), word) }) {
				return engine.Failed(nil, "The honeypot is called %s.", i.Name)
			}
		}
		if len(p.Filler.Traps(p.First)) == 0 {
			return engine.Omitted("the page shows no honeypot")
		}
		return engine.Passed("It has none of the usual names of honeypots.")
	},
}
