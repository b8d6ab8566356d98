// Package audit attacks a form and tells which of the known mistakes the form has. It
// lists the rules, which stand in the folders below rule; package engine runs them.
package audit

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// Prepare checks a specification and says what the audit will do at most.
func Prepare(spec *engine.Spec) (engine.Plan, error) { return engine.Prepare(spec, rules) }

// Run audits a form by all rules that the specification asks for. Run ends within a
// moment when ctx does, with a report of what was left out. The error is about the
// specification alone: a target that is down is a report.
func Run(ctx context.Context, spec engine.Spec) (*engine.Report, error) {
	return engine.Run(ctx, spec, rules)
}
