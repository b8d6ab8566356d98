// Package purpose tells from the name or the path of a form what it is for.
package purpose

import (
	"slices"
	"strings"
	"unicode"
)

// A form that makes something is never one at which values are tried, whatever else its
// path says: /auth/register.
var makes = []string{"register", "registration", "registrations", "signup", "join", "create", "new", "add", "subscribe", "newsletter", "comment", "comments", "contact", "invite", "post", "save"}

// Words of forms at which values are tried. The first are looked for at the begin and the
// end of a word too: userlogin.
var (
	tries  = []string{"login", "logon", "signin", "password", "passwd", "checkout"}
	others = []string{"anmelden", "authenticate", "card", "connexion", "coupon", "forgot", "mfa", "otp", "2fa", "pay", "payment", "payments", "recover", "recovery", "redeem", "reset", "token", "voucher"}
	// last are such words only at the end, behind which nothing makes it something else.
	last = []string{"auth", "session", "sessions", "verify", "order", "charge", "donate"}
)

// Tries reports whether an attacker tries values at the form until one is right: a login, a
// recovery, a checkout. Such a form answers a wrong value as other forms answer a mistake.
func Tries(name string) bool {
	words := wordsOf(name)
	if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(makes, w) }) {
		return false
	}
	return slices.ContainsFunc(words, isTrial) || slices.Contains(last, words[len(words)-1])
}

func isTrial(word string) bool {
	return slices.Contains(others, word) ||
		slices.ContainsFunc(tries, func(t string) bool { return strings.HasPrefix(word, t) || strings.HasSuffix(word, t) })
}

// wordsOf splits a name or a path into words in lower case. Words that are often written in
// two are one: sign-up.
func wordsOf(name string) (words []string) {
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		if n := len(words); n > 0 && slices.Contains([]string{"login", "logon", "signin", "signup", "checkout"}, words[n-1]+word) {
			words[n-1] += word
			continue
		}
		words = append(words, word)
	}
	return words
}
