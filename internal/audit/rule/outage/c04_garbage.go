package outage

import (
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c04 = &engine.Rule{
	ID: "C04", Title: "An answer that cannot be read lets everybody through, or crashes the app", Severity: engine.High, Fix: fix.FailClosed, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 4,
	Why:  "A page of a proxy or half an answer is no success. An exception that nobody expected is answered with a crash, or swallowed.",
	Refs: engine.Refs{CWE: 755, ASVS: "16.5.3"},
	Check: engine.Refuses(
		engine.Faulty("a submission while the answer breaks off", captchatest.Truncated),
		engine.Faulty("a submission while the answer is no JSON", captchatest.Garbage),
		engine.Faulty("a submission while the answer is an HTML page", captchatest.HTML),
		engine.Scripted("a submission while the answer is empty", func(m *engine.Middle) { m.Server.Answer(m.Service, 200, "", -1) }),
	),
}
