package verify

import (
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a03 = &engine.Rule{
	ID: "A03", Title: "An empty token is accepted", Severity: engine.Critical, Fix: fix.CheckOnServer, Needs: engine.Baseline, After: engine.AfterVerify, Shots: 6,
	Why:  "What a browser sends whose captcha did not load is taken for a solved one.",
	Refs: engine.Refs{CWE: 1286, ASVS: "2.2.1", OAT: "OAT-009", WSTG: "ATHN-03"},
	Check: engine.Refuses(engine.WithToken("an empty token", ""), engine.WithToken("a blank token", " "), engine.WithToken("the token null", "null"),
		engine.WithToken("the token undefined", "undefined"), engine.WithToken("the token 0", "0"), engine.WithToken("the token true", "true")),
}
