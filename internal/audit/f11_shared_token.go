package audit

import (
	"context"
	"regexp"
	"strings"
)

var f11 = &Rule{
	ID: "F11", Title: "Two visitors get the same form token", Severity: High, Fix: noStore, Shots: 1,
	Why:  "The page, or its token, comes from a cache. What one visitor learned of the form is good for all.",
	Refs: Refs{CWE: 524, ASVS: "9.2.2"},
	check: func(ctx context.Context, p *Probe) Result {
		other, err := p.load(ctx, p.address())
		if err != nil {
			return unclear("%v", err)
		}
		tokens := 0
		for _, i := range p.first.form.inputs {
			if i.kind != "hidden" || !looksRandom(i.value) {
				continue
			}
			tokens++
			for _, k := range other.form.inputs {
				if k.name == i.name && k.value == i.value && tokenName.MatchString(i.name) {
					return fail(nil, "Two visitors got the same value in %s: %s…", i.name, i.value[:8])
				}
			}
		}
		if tokens == 0 {
			return leftOut("the form has no token of its own")
		}
		if cache := p.first.answer.Header.Get("Cache-Control"); strings.Contains(cache, "public") || strings.Contains(cache, "s-maxage") {
			return fail(nil, "The page with the form's token may be kept by every cache: Cache-Control: %s.", cache)
		}
		return pass("Two visitors got different tokens.")
	},
}

// tokenName matches what tokens are called; a value that is the same for all may also
// be the id of the form.
var tokenName = regexp.MustCompile(`(?i)token|nonce|csrf|xsrf|ticket|stamp|hash|sig|verif|captcha`)

// looksRandom reports a value that was not written by a person.
func looksRandom(value string) bool {
	digits := strings.ContainsAny(value, "0123456789")
	return len(value) >= 16 && digits && !strings.ContainsAny(value, " /@") && (len(value) >= 32 || !strings.ContainsAny(value, ".:"))
}
