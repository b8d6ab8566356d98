package gateway

import (
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade"
)

// room reads the Content Security Policy of a page and says which additions it permits.
// The gateway never weakens the policy of a page. If the policy permits no additions, the
// page gets none, and the challenge page does the work.
func room(h http.Header) (p palisade.Page) {
	for _, line := range h["Content-Security-Policy"] {
		for policy := range strings.SplitSeq(line, ",") {
			narrow(&p, directives(policy))
		}
	}
	return p
}

func narrow(p *palisade.Page, policy map[string][]string) {
	script, nonce := allows(policy, "script-src-elem", "script-src")
	style, styleNonce := allows(policy, "style-src-elem", "style-src")
	if sandbox, boxed := policy["sandbox"]; boxed && !hasSource(sandbox, "allow-scripts") {
		script, nonce = false, ""
	}
	// A nonce is useful only if every policy has the same nonce or needs none.
	for _, n := range []string{nonce, styleNonce} {
		if n != "" && p.Nonce == "" {
			p.Nonce = n
		}
	}
	p.NoScript = p.NoScript || !script && (nonce == "" || nonce != p.Nonce)
	p.NoStyle = p.NoStyle || !style && (styleNonce == "" || styleNonce != p.Nonce)
}

// directives reads one policy. If a directive occurs twice, the first one counts.
func directives(policy string) map[string][]string {
	list := make(map[string][]string)
	for directive := range strings.SplitSeq(policy, ";") {
		words := strings.Fields(directive)
		if len(words) == 0 {
			continue
		}
		name := strings.ToLower(words[0])
		if _, twice := list[name]; !twice {
			list[name] = words[1:]
		}
	}
	return list
}

// allows reports whether the page may load a file of its own origin without a nonce, and
// returns the nonce with which it may.
func allows(policy map[string][]string, names ...string) (own bool, nonce string) {
	for _, name := range append(names, "default-src") {
		sources, found := policy[name]
		if !found {
			continue
		}
		for _, source := range sources {
			switch lower := strings.ToLower(source); {
			case lower == "'self'", lower == "*", lower == "https:", lower == "http:":
				own = true
			case strings.HasPrefix(lower, "'nonce-") && strings.HasSuffix(source, "'") && nonce == "":
				nonce = source[len("'nonce-") : len(source)-1]
			}
		}
		if hasSource(sources, "'strict-dynamic'") && names[0] == "script-src-elem" {
			own = false
		}
		return own, nonce
	}
	return true, ""
}

func hasSource(sources []string, want string) bool {
	for _, source := range sources {
		if strings.EqualFold(source, want) {
			return true
		}
	}
	return false
}
