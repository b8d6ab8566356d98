package audit

import (
	"context"
	"fmt"
	"regexp"
	"strings"
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

// assignment is a line such as NAME = value, "name": value or export NAME=value.
var assignment = regexp.MustCompile(`^\s*(?:export\s+|const\s+|-\s+)?["']?([A-Za-z_][\w.-]*)["']?\s*[:=]\s*(.*?),?\s*$`)

// ReadSettings reads the settings out of a file, whatever kind it is of: environment,
// YAML, JSON, Python. It knows no nesting and runs nothing.
func ReadSettings(name string, text []byte) (list []Setting) {
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if m := assignment.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			value, _, _ := strings.Cut(m[2], " #")
			list = append(list, Setting{Name: m[1], Value: strings.TrimSpace(value), Place: fmt.Sprintf("%s:%d", name, n)})
		}
	}
	return list
}
