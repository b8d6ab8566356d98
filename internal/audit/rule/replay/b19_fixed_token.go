package replay

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b19 = &engine.Rule{
	ID: "B19", Title: "A fixed text opens the form", Severity: engine.Critical, Fix: fix.NoBackDoor, Needs: engine.Baseline | engine.Fresh, After: engine.AfterVerify, Shots: 12,
	Why:  "A token for tests was left in, or is public: the vendors print theirs in their manuals.",
	Refs: engine.Refs{CWE: 489, ASVS: "13.4.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		for _, token := range []string{
			"XXXX.DUMMY.TOKEN.XXXX", "10000000-aaaa-bbbb-cccc-000000000001", "PASSED", "test-captcha-token", "CAP-VERIFIED-test", "test", "test-token",
			"bypass", "dummy", "debug", "valid", "ok",
		} {
			attempts = append(attempts, engine.WithToken("the token "+token, token))
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
