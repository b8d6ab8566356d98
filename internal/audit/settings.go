package audit

import (
	"context"
	"regexp"
)

// What nobody sees from outside stands in a configuration. Each of these rules reads
// the settings that it is given, and says that it was left out when there are none.

var (
	captchaName = regexp.MustCompile(`(?i)captcha|turnstile`)
	storeName   = regexp.MustCompile(`(?i)store|cache|backend`)
)

// settings looks at those whose name matches. Wrong says what is wrong with one, or "".
func settings(pattern string, wrong func(name, value string, all []Setting) string) func(context.Context, *Probe) Result {
	names := regexp.MustCompile(pattern)
	return func(_ context.Context, p *Probe) Result {
		looked := 0
		for _, s := range p.spec.Settings {
			if !names.MatchString(s.Name) {
				continue
			}
			looked++
			if why := wrong(s.Name, s.Value, p.spec.Settings); why != "" {
				return fail(nil, "%s: %s %s.", s.Place, s.Name, why)
			}
		}
		if looked == 0 {
			return leftOut("stands in a configuration, which was not given or says nothing of it: give it with -settings")
		}
		return pass("%d settings were looked at.", looked)
	}
}
