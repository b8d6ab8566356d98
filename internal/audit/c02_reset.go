package audit

import "github.com/palisade-dev/palisade/captchatest"

var c02 = &Rule{
	ID: "C02", Title: "A connection that breaks lets everybody through", Severity: High, Fix: failClosed, Needs: Baseline | Verifier, After: afterVerify, Shots: 1,
	Why:   "An attacker who can disturb the way to the verifier, or waits for it, needs no captcha any more.",
	Refs:  Refs{CWE: 636, ASVS: "16.5.1, 16.5.3"},
	check: refuses(faulty("a submission while the verifier hangs up", captchatest.Drop)),
}
