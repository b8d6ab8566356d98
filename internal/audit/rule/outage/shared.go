package outage

import (
	"fmt"
	"time"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// answering makes the verifier give its usual answer, with other members instead of success.
func answering(p *engine.Probe, success string) func(*engine.Middle) {
	return func(m *engine.Middle) {
		body := fmt.Sprintf(`{%s,"challenge_ts":%q,"hostname":%q,"action":%q,"cdata":"","score":0.9,"error-codes":[]}`,
			success, time.Now().UTC().Format(time.RFC3339), m.Hostname, m.Action)
		m.Server.Answer(m.Service, 200, body, -1)
	}
}
