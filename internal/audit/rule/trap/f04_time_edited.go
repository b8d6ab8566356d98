package trap

import (
	"context"
	"regexp"
	"time"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var f04 = &engine.Rule{
	ID: "F04", Title: "The form's load time can be edited", Severity: engine.Medium, Fix: fix.SignedTime, Needs: engine.Baseline, After: append([]string{"F03"}, engine.AfterVerify...), Shots: 3,
	Why:  "It is not signed: a bot writes a time some minutes ago and has waited.",
	Refs: engine.Refs{CWE: 345, ASVS: "9.1.1, 11.3.3", WSTG: "BUSL-03"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		name, _ := loadTime(p, p.First)
		switch {
		case name == "":
			return engine.Omitted("the page has no load time that shows")
		case p.Visitors.Wait == 0:
			return engine.Omitted("the form is accepted at once in any case")
		}
		young := func(what string, change func(*engine.Shot, string)) engine.Attempt {
			return engine.Attempt{What: what, Valid: true, AtOnce: true, Fresh: func(s *engine.Shot, pg *engine.Page) {
				_, value := loadTime(p, pg)
				change(s, value)
			}}
		}
		return p.MustRefuse(ctx,
			young("a valid token, at once, with a load time of five minutes ago", func(s *engine.Shot, value string) { s.Put(name, earlier(value, 5*time.Minute)) }),
			young("a valid token, at once, without the load time", func(s *engine.Shot, _ string) { s.Drop(name) }),
			young("a valid token, at once, with the load time 0", func(s *engine.Shot, _ string) { s.Put(name, "0") }),
		)
	},
}

var decimal = regexp.MustCompile(`^\d{10,16}(\.\d+)?$`)
