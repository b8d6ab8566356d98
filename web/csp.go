package web

import "strings"

// CSP returns the Content Security Policy of the pages. The pages load only their own
// files, and have no inline script or style.
//
// There is no form-action: browsers would also apply it to the app's redirect after the
// form, which may lead to another site. Frames of the same origin are allowed, because
// the original form may have been in one.
func CSP() string { return policy(nil) }

// policy returns the policy with the sources of a third-party widget added.
func policy(sources []string) string {
	extra := ""
	for _, source := range sources {
		if !strings.ContainsAny(source, ";, \t\r\n\x00'\"") {
			extra += " " + source
		}
	}
	csp := "default-src 'none'; script-src 'self'" + extra + "; style-src 'self'" + extra + "; connect-src 'self'" + extra
	if extra != "" {
		csp += "; frame-src" + extra + "; img-src" + extra
	}
	return csp + "; base-uri 'none'; frame-ancestors 'self'"
}
