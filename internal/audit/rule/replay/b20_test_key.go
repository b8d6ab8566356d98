package replay

import (
	"bytes"
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b20 = &engine.Rule{
	ID: "B20", Title: "The page has a public test key", Severity: engine.Medium, Fix: fix.NoBackDoor, Shots: 0,
	Why:  "With the vendor's test keys every token passes. They are for tests, not for a site that people use.",
	Refs: engine.Refs{CWE: 1392, ASVS: "13.4.2"},
	Check: func(_ context.Context, p *engine.Probe) engine.Result {
		for _, key := range engine.TestKeys {
			if bytes.Contains(p.First.Answer.Body, []byte(key)) {
				if p.Spec.Token == "testkey" {
					return engine.Omitted("this audit was told that the app has test keys; see to it that the real site has its own")
				}
				return engine.Failed(nil, "The page has the public test key %s.", key)
			}
		}
		return engine.Passed("The page has none of the %d public test keys.", len(engine.TestKeys))
	},
}
