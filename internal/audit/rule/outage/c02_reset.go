package outage

import (
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c02 = &engine.Rule{
	ID: "C02", Title: "A connection that breaks lets everybody through", Severity: engine.High, Fix: fix.FailClosed, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 1,
	Why:   "An attacker who can disturb the way to the verifier, or waits for it, needs no captcha any more.",
	Refs:  engine.Refs{CWE: 636, ASVS: "16.5.1, 16.5.3"},
	Check: engine.Refuses(engine.Faulty("a submission while the verifier hangs up", captchatest.Drop)),
}
