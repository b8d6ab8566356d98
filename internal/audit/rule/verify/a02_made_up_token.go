package verify

import (
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a02 = &engine.Rule{
	ID: "A02", Title: "A made-up token is accepted", Severity: engine.Critical, Fix: fix.CheckOnServer, Needs: engine.Baseline | engine.Fresh, After: []string{"A04", "A05", "A06"}, Shots: 3,
	Why:  "The app looks whether there is a token, not whether it is one. Any text opens the form.",
	Refs: engine.Refs{CWE: 345, ASVS: "2.2.2", OAT: "OAT-009", WSTG: "ATHN-03"},
	Check: engine.Refuses(
		engine.WithToken("the token XXXX", "XXXX"),
		engine.WithToken("a token of the right shape that nobody issued", "0.pAlIsAdE-"+strings.Repeat("Zm9yZ2Vk", 24)),
	),
}
