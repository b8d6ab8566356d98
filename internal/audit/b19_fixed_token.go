package audit

import "context"

var b19 = &Rule{
	ID: "B19", Title: "A fixed text opens the form", Severity: Critical, Fix: noBackDoor, Needs: Baseline | Fresh, After: afterVerify, Shots: 12,
	Why:  "A token for tests was left in, or is public: the vendors print theirs in their manuals.",
	Refs: Refs{CWE: 489, ASVS: "13.4.2"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		for _, token := range []string{
			"XXXX.DUMMY.TOKEN.XXXX", "10000000-aaaa-bbbb-cccc-000000000001", "PASSED", "test-captcha-token", "CAP-VERIFIED-test", "test", "test-token",
			"bypass", "dummy", "debug", "valid", "ok",
		} {
			attempts = append(attempts, withToken("the token "+token, token))
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
