package trap

import (
	"context"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var f07 = &engine.Rule{
	ID: "F07", Title: "The honeypot catches people", Severity: engine.Note, Fix: fix.Traps, Shots: 0,
	Why:  "Browsers fill in fields whose names they know, and screen readers read what is not marked. Then people are taken for bots.",
	Refs: engine.Refs{CWE: 1023},
	Check: func(_ context.Context, p *engine.Probe) engine.Result {
		known := []string{"name", "email", "website", "url", "phone", "address", "zip", "company", "my_name", "tel", "city", "organization"}
		for _, i := range p.First.Form.Inputs {
			switch {
			case !p.Filler.IsTrap(i):
			case slices.Contains(known, strings.ToLower(i.Name)) && i.Autocomplete == "":
				return engine.Failed(nil, "The honeypot %s has a name that browsers fill in, and no autocomplete.", i.Name)
			case i.Autocomplete == "" || i.Tabindex != "-1":
				return engine.Failed(nil, "The honeypot %s lacks autocomplete or tabindex=\"-1\".", i.Name)
			case !i.Hidden:
				return engine.Failed(nil, "The honeypot %s is hidden by a style sheet alone, and read out by screen readers: it lacks aria-hidden.", i.Name)
			}
		}
		if len(p.Filler.Traps(p.First)) == 0 {
			return engine.Omitted("the page shows no honeypot")
		}
		return engine.Passed("The honeypot has autocomplete, tabindex and aria-hidden.")
	},
}
