package engine

import (
	"fmt"
	"regexp"
	"strings"
)

// assignment is a line such as NAME = value, "name": value or export NAME=value.
var assignment = regexp.MustCompile(`^\s*(?:export\s+|const\s+|-\s+)?["']?([A-Za-z_][\w.-]*)["']?\s*[:=]\s*(.*?),?\s*$`)

// ReadSettings reads settings from a file of any kind: environment, YAML, JSON or Python. It
// understands no nesting and runs nothing.
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
