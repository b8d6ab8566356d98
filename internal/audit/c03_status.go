package audit

import (
	"context"
	"fmt"
)

var c03 = &Rule{
	ID: "C03", Title: "An error of the verifier lets everybody through", Severity: High, Fix: failClosed, Needs: Baseline | Verifier, After: afterVerify, Shots: 5,
	Why:  "Services have outages, quotas and wrong keys. While one lasts the form is open.",
	Refs: Refs{CWE: 636, ASVS: "16.5.3"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		for _, status := range []int{500, 503, 429, 401, 403} {
			attempts = append(attempts, scripted(fmt.Sprintf("a submission while the verifier answers %d", status), func(m *middle) {
				m.server.Answer(m.service, status, "<h1>error</h1>", -1)
			}))
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
