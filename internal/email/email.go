// Package email compares e-mail addresses.
package email

import (
	"strings"
	"unicode"
)

// maxEmail is the longest address that SMTP can carry (RFC 5321 §4.5.3.1).
const maxEmail = 254

// dotless maps domains whose mailboxes ignore dots to the name under which they count.
var dotless = map[string]string{"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}

// Canonical returns the form under which an address is counted, so that each mailbox has
// one count. It is in lower case, without a plus tag, and without dots where the provider
// ignores them. ok is false for text that is no address.
//
// The result is a key. Do not send mail to it: nearly all mailboxes ignore case and tags
// of the local part, but not all.
func Canonical(text string) (canonical string, ok bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	at := strings.LastIndexByte(text, '@')
	if at <= 0 || at == len(text)-1 || len(text) > maxEmail || strings.ContainsFunc(text, notInAddress) {
		return "", false
	}
	local, domain := text[:at], strings.TrimRight(text[at+1:], ".")
	if domain == "" || strings.Contains(local, "@") {
		return "", false
	}
	if plus := strings.IndexByte(local, '+'); plus > 0 {
		local = local[:plus]
	}
	if name, is := dotless[domain]; is {
		domain = name
		if bare := strings.ReplaceAll(local, ".", ""); bare != "" {
			local = bare
		}
	}
	return local + "@" + domain, true
}

func notInAddress(c rune) bool {
	return unicode.IsSpace(c) || unicode.IsControl(c) || strings.ContainsRune(",;<>", c)
}
