package trap

import (
	"context"
	"regexp"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

var f11 = &engine.Rule{
	ID: "F11", Title: "Two visitors get the same form token", Severity: engine.High, Fix: noStore, Shots: 1,
	Why:  "The page, or its token, comes from a cache. What one visitor learned of the form is good for all.",
	Refs: engine.Refs{CWE: 524, ASVS: "9.2.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		other, err := p.Visitors.Load(ctx, p.Visitors.Address())
		if err != nil {
			return engine.Undecided("%v", err)
		}
		tokens := 0
		for _, i := range p.First.Form.Inputs {
			if i.Kind != "hidden" || !looksRandom(i.Value) {
				continue
			}
			tokens++
			for _, k := range other.Form.Inputs {
				if k.Name == i.Name && k.Value == i.Value && tokenName.MatchString(i.Name) {
					return engine.Failed(nil, "Two visitors got the same value in %s: %s…", i.Name, i.Value[:8])
				}
			}
		}
		if tokens == 0 {
			return engine.Omitted("the form has no token of its own")
		}
		if cache := p.First.Answer.Header.Get("Cache-Control"); strings.Contains(cache, "public") || strings.Contains(cache, "s-maxage") {
			return engine.Failed(nil, "The page with the form's token may be kept by every cache: Cache-Control: %s.", cache)
		}
		return engine.Passed("Two visitors got different tokens.")
	},
}

// tokenName matches common names of tokens. Another field with one constant value may be the
// id of the form.
var tokenName = regexp.MustCompile(`(?i)token|nonce|csrf|xsrf|ticket|stamp|hash|sig|verif|captcha`)

// looksRandom reports whether a program, not a person, wrote a value.
func looksRandom(value string) bool {
	digits := strings.ContainsAny(value, "0123456789")
	return len(value) >= 16 && digits && !strings.ContainsAny(value, " /@") && (len(value) >= 32 || !strings.ContainsAny(value, ".:"))
}

var noStore = engine.Remedy{Text: "Send pages that carry a token with Cache-Control: no-store, and make the token anew for each."}
