// Package purpose tells from the name or the path of a form what it is for.
package purpose

import (
	"slices"
	"strings"
	"unicode"
)

// parts are looked for everywhere in a name, words as whole words alone.
var (
	parts = []string{"login", "logon", "signin", "password", "passwd", "recover", "forgot", "reset", "checkout", "payment", "otp", "mfa", "2fa"}
	words = []string{"auth", "authenticate", "card", "cards", "charge", "donate", "donation", "order", "orders", "pay", "session", "sessions", "verify"}
)

// Tries reports whether an attacker tries values at the form until one is right: a login, a
// recovery, a checkout. Such a form answers a wrong value as other forms answer a mistake.
func Tries(name string) bool {
	name = strings.ToLower(name)
	plain := strings.NewReplacer("-", "", "_", "").Replace(name)
	if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(plain, part) }) {
		return true
	}
	return slices.ContainsFunc(strings.FieldsFunc(name, isNoLetter), func(word string) bool { return slices.Contains(words, word) })
}

func isNoLetter(c rune) bool { return !unicode.IsLetter(c) }
