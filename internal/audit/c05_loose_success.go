package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
)

var c05 = &Rule{
	ID: "C05", Title: "Something that is not true is taken for success", Severity: Low, Fix: heedAnswer, Needs: Baseline | Verifier, After: afterVerify, Shots: 7,
	Why:  "In many languages the text \"false\" is true. Only the boolean true is a success.",
	Refs: Refs{CWE: 697, ASVS: "15.3.5"},
	check: func(ctx context.Context, p *Probe) Result {
		attempts := []Attempt{faulty("an answer whose success is the text \"true\"", captchatest.SuccessString)}
		if captchatest.Siteverify(p.service) {
			for _, value := range []string{`"false"`, `1`, `null`, `[]`, `{}`} {
				attempts = append(attempts, scripted("an answer whose success is "+value, p.answering(`"success":`+value)))
			}
			attempts = append(attempts, scripted("an answer that is a list", func(m *middle) { m.server.Answer(m.service, 200, `[{"success":true}]`, -1) }))
		}
		return p.mustRefuse(ctx, attempts...)
	},
}

// answering has the verifier give its usual answer, with other members in the place
// of success.
func (p *Probe) answering(success string) func(*middle) {
	return func(m *middle) {
		body := fmt.Sprintf(`{%s,"challenge_ts":%q,"hostname":%q,"action":%q,"cdata":"","score":0.9,"error-codes":[]}`,
			success, time.Now().UTC().Format(time.RFC3339), m.hostname, m.action)
		m.server.Answer(m.service, 200, body, -1)
	}
}
