// Package audit attacks a form and reports which of the known mistakes the form has. It
// lists the rules, which are in the folders below rule. Package engine runs the rules.
package audit

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// Prepare checks a specification and returns the most that the audit will do.
func Prepare(spec *engine.Spec) (engine.Plan, error) { return engine.Prepare(spec, rules) }

// Run audits a form by all rules that the specification asks for. When ctx ends, Run returns
// shortly after, with a report that names the rules left out. The error is about the
// specification alone: for a target that is down, Run returns a report.
func Run(ctx context.Context, spec engine.Spec) (*engine.Report, error) {
	return engine.Run(ctx, spec, rules)
}
