package names_test

import (
	"testing"

	"github.com/palisade-dev/palisade/internal/names"
)

func TestTakenFor(t *testing.T) {
	for _, test := range []struct {
		name, sent, wanted string
		want               bool
	}{
		{"a bracket that is never closed is _ to PHP", "form[id", "form_id", true},
		{"and begins a part to Rack", "form[id", "form", true},
		{"and closes at the end to qs", "user[email", "user[email]", true},
		{"only the first of them counts, the others are _ to PHP", "a[b[c", "a_b_c", true},
		{"a dot is _ to PHP, also behind such a bracket", "a[b.c", "a_b_c", true},
		{"a bracket that is closed is no _", "form[id]", "form_id", false},
		{"a vertical tab before it, which Python strips", "\vaction", "action", true},
		{"a form feed behind it", "action\f", "action", true},
		{"a space that breaks no line, which is one when normalised", "\u00a0action", "action", true},
		{"an unclosed bracket behind a letter of full width", "\uff46orm[id", "form_id", true},
		{"a control character, which Java trims", "\x01action", "action", true},
		{"a bracket at the end is _ to PHP", "form[", "form_", true},
		{"a part that begins with _ is itself", "user[_x]", "user[_x]", true},
		{"and nothing else", "user[_x]", "user_x", false},
	} {
		if got := names.TakenFor(names.Fold(test.sent), names.Fold(test.wanted)); got != test.want {
			t.Errorf("%s: %q is taken for %q: %v, want %v", test.name, test.sent, test.wanted, got, test.want)
		}
	}
}

func TestUnescape(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
		known            bool
	}{
		{"escapes and a plus", "a+b%3Dc", "a b=c", true},
		{"nothing to do", "abc", "abc", true},
		{"an escape of no digits", "a%20b%zz%41", "a b%zzA", false},
		{"an escape that is cut off", "a+%4", "a %4", false},
		{"a percent sign at the end", "%41%", "A%", false},
	} {
		if got, known := names.Unescape(test.text); got != test.want || known != test.known {
			t.Errorf("%s: %q, %v, want %q, %v", test.name, got, known, test.want, test.known)
		}
	}
}
