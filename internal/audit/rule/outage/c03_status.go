package outage

import (
	"context"
	"fmt"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c03 = &engine.Rule{
	ID: "C03", Title: "An error of the verifier lets everybody through", Severity: engine.High, Fix: fix.FailClosed, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 8,
	Why:  "Services have outages, quotas and wrong keys. While one lasts the form is open.",
	Refs: engine.Refs{CWE: 636, ASVS: "16.5.3"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		for _, status := range []int{500, 502, 503, 504, 429, 401, 403} {
			attempts = append(attempts, engine.Scripted(fmt.Sprintf("a submission while the verifier answers %d", status), func(m *engine.Middle) {
				m.Server.Answer(m.Service, status, "<h1>error</h1>", -1)
			}))
		}
		attempts = append(attempts, engine.Scripted("a submission while the verifier says that it has an error", func(m *engine.Middle) {
			m.Server.Answer(m.Service, 200, `{"success":false,"error-codes":["internal-error"]}`, -1)
		}))
		return p.MustRefuse(ctx, attempts...)
	},
}
