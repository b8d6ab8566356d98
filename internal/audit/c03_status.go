package audit

import (
	"context"
	"fmt"
)

var c03 = &Rule{
	ID: "C03", Title: "An error of the verifier lets everybody through", Severity: High, Fix: failClosed, Needs: Baseline | Verifier, After: afterVerify, Shots: 8,
	Why:  "Services have outages, quotas and wrong keys. While one lasts the form is open.",
	Refs: Refs{CWE: 636, ASVS: "16.5.3"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		for _, status := range []int{500, 502, 503, 504, 429, 401, 403} {
			attempts = append(attempts, scripted(fmt.Sprintf("a submission while the verifier answers %d", status), func(m *middle) {
				m.server.Answer(m.service, status, "<h1>error</h1>", -1)
			}))
		}
		attempts = append(attempts, scripted("a submission while the verifier says that it has an error", func(m *middle) {
			m.server.Answer(m.service, 200, `{"success":false,"error-codes":["internal-error"]}`, -1)
		}))
		return p.mustRefuse(ctx, attempts...)
	},
}
