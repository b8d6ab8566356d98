package setup

import (
	"context"
	"regexp"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// An audit cannot see a configuration from outside. Each rule here reads the settings that
// the user gives. Without settings, the rules report that they were left out.

var (
	captchaName = regexp.MustCompile(`(?i)captcha|turnstile`)
	storeName   = regexp.MustCompile(`(?i)store|cache|backend`)
)

// settings checks the settings whose name matches. Wrong returns the mistake of a setting,
// or "".
func settings(pattern string, wrong func(name, value string, all []engine.Setting) string) func(context.Context, *engine.Probe) engine.Result {
	names := regexp.MustCompile(pattern)
	return func(_ context.Context, p *engine.Probe) engine.Result {
		looked := 0
		for _, s := range p.Spec.Settings {
			if !names.MatchString(s.Name) {
				continue
			}
			looked++
			if why := wrong(s.Name, s.Value, p.Spec.Settings); why != "" {
				return engine.Failed(nil, "%s: %s %s.", s.Place, s.Name, why)
			}
		}
		if looked == 0 {
			return engine.Omitted("stands in a configuration, which was not given or says nothing of it: give it with -settings")
		}
		return engine.Passed("%d settings were looked at.", looked)
	}
}
