package audit

import "github.com/palisade-dev/palisade/captchatest"

var c04 = &Rule{
	ID: "C04", Title: "An answer that cannot be read lets everybody through, or crashes the app", Severity: High, Fix: failClosed, Needs: Baseline | Verifier, After: afterVerify, Shots: 4,
	Why:  "A page of a proxy or half an answer is no success. An exception that nobody expected is answered with a crash, or swallowed.",
	Refs: Refs{CWE: 755, ASVS: "16.5.3"},
	check: refuses(
		faulty("a submission while the answer breaks off", captchatest.Truncated),
		faulty("a submission while the answer is no JSON", captchatest.Garbage),
		faulty("a submission while the answer is an HTML page", captchatest.HTML),
		scripted("a submission while the answer is empty", func(m *middle) { m.server.Answer(m.service, 200, "", -1) }),
	),
}
