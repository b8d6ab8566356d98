package web

import "strings"

// CSP returns the Content Security Policy of the pages. The pages load only their own
// files, and have no inline script or style.
//
// There is no form-action: browsers would also apply it to the app's redirect after the
// form, which may lead to another site. Frames of the same origin are allowed, because
// the original form may have been in one.
func CSP() string { return policy(nil, nil) }

// policy returns the policy with the sources of a third-party widget added, for a page that
// parents may frame; none: the same origin.
func policy(sources, parents []string) string {
	extra := listed(sources, ";, \t\r\n\x00'\"")
	ancestors := listed(parents, ";, \t\r\n\x00\"")
	if ancestors == "" {
		ancestors = " 'self'"
	}
	csp := "default-src 'none'; script-src 'self'" + extra + "; style-src 'self'" + extra + "; connect-src 'self'" + extra
	if extra != "" {
		csp += "; frame-src" + extra + "; img-src" + extra
	}
	return csp + "; base-uri 'none'; frame-ancestors" + ancestors
}

// listed writes sources, each after a space. It omits those with a special character.
func listed(sources []string, special string) (list string) {
	for _, source := range sources {
		if source != "" && !strings.ContainsAny(source, special) {
			list += " " + source
		}
	}
	return list
}
