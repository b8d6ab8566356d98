package names_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/palisade-dev/palisade/internal/names"
)

func TestTakenFor(t *testing.T) {
	for _, test := range []struct {
		name, sent, wanted string
		want               bool
	}{
		{"a bracket that is never closed is _ to PHP", "form[id", "form_id", true},
		{"a bracket that is never closed begins a part to Rack", "form[id", "form", true},
		{"a bracket that is never closed closes at the end to qs", "user[email", "user[email]", true},
		{"only the first of them counts, the others are _ to PHP", "a[b[c", "a_b_c", true},
		{"a dot is _ to PHP, also after such a bracket", "a[b.c", "a_b_c", true},
		{"a bracket that is closed is no _", "form[id]", "form_id", false},
		{"a vertical tab before it, which Python strips", "\vaction", "action", true},
		{"a form feed after it", "action\f", "action", true},
		{"a space that breaks no line, which is one when normalised", "\u00a0action", "action", true},
		{"an unclosed bracket after a letter of full width", "\uff46orm[id", "form_id", true},
		{"a control character, which Java trims", "\x01action", "action", true},
		{"a bracket at the end is _ to PHP", "form[", "form_", true},
		{"a part that begins with _ is itself", "user[_x]", "user[_x]", true},
		{"a part that begins with _ is no other name", "user[_x]", "user_x", false},
	} {
		if got := names.TakenFor(names.Fold(test.sent), names.Fold(test.wanted)); got != test.want {
			t.Errorf("%s: %q is taken for %q: %v, want %v", test.name, test.sent, test.wanted, got, test.want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, test := range []struct{ name, sent, want string }{
		{"a name as most are", "user_name-1", "user_name-1"},
		{"letters at the ends of the alphabet", "az09", "az09"},
		{"capitals", "AZ", "az"},
		{"nothing", "", ""},
		{"a NUL, where PHP cuts", "action\x00x", "action"},
		{"a NUL before everything", "\x00x", ""},
		{"capitals of another script", "ÉÄ", "éä"},
		{"a sharp s, which is two letters", "straße", "strasse"},
		{"letters of full width, decomposed", "\uff21e\u0301", "aé"},
		{"bytes that are no UTF-8", "act\xffion\xc3", "action"},
		{"spaces and marks before it", " +![]action", "action"},
		{"spaces and marks after it", "action .+)", "action"},
		{"a dot and a space within", "a.b c", "a_b_c"},
		{"a part", "user[name]", "user[name"},
		{"two parts", "a[b][c]", "a[b[c"},
		{"a bracket that is never closed", "a[b", "a\x00b"},
		{"one that stands first is left out", "[b", "b"},
		{"the last character of ASCII", "a\x7fb", "a\x7fb"},
		{"the first beyond it", "a\u0080b", "a\u0080b"},
	} {
		if got := names.Fold(test.sent); got != test.want {
			t.Errorf("%s: %q folds into %q, want %q", test.name, test.sent, got, test.want)
		}
	}
}

func TestParts(t *testing.T) {
	for _, test := range []struct {
		sent, wanted string
		want         bool
	}{
		{"action", "action", true},
		{"action[]", "action", true},
		{"action[0]", "action", true},
		{"action(1i)", "action", true},
		{"actions", "action", false},
		{"action1", "action", false},
		{"act", "action", false},
		{"user[name]", "user[email]", false},
		{"user[name]", "user", true},
		{"user", "user[name]", false},
		{"a[b", "c", false},
	} {
		if got := names.TakenFor(names.Fold(test.sent), names.Fold(test.wanted)); got != test.want {
			t.Errorf("%q is taken for %q: %v, want %v", test.sent, test.wanted, got, test.want)
		}
	}
}

func TestPairs(t *testing.T) {
	var got []string
	for name, value := range names.Pairs("a=1&b=2=3;c&&;d=;=e") {
		got = append(got, name+"|"+value)
	}
	if want := []string{"a|1", "b|2=3", "c|", "d|", "|e"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for name := range names.Pairs("a&b") {
		if name != "a" {
			t.Error("the pairs go on after a break")
		}
		break
	}
}

func TestNamesOfQueriesAndCookies(t *testing.T) {
	if got, want := names.OfQuery("A%42=1&x=2;user%5Bname%5D"), (names.Query{"ab", "x", "user[name"}); !slices.Equal(got, want) {
		t.Errorf("of a query: %q, want %q", got, want)
	}
	h := http.Header{"Cookie": {"a=1; B=2; c d=x&y=3", "e=4"}}
	got := names.OfCookies(h)
	if want := (names.Query{"a", "b", "c_d", "y", "e"}); !slices.Equal(got, want) {
		t.Errorf("of cookies: %q, want %q", got, want)
	}
	for name, want := range map[string]bool{"b": true, "c_d": true, "z": false, "": false} {
		if got.Has(name) != want {
			t.Errorf("has %q: %v, want %v", name, !want, want)
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
