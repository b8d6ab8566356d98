package email_test

import (
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/internal/email"
)

func TestCanonical(t *testing.T) {
	rows := []struct{ name, text, want string }{
		{"a plain address", "ada@example.org", "ada@example.org"},
		{"case and spaces", "  Ada@Example.ORG ", "ada@example.org"},
		{"a plus tag", "ada+shop+2@example.org", "ada@example.org"},
		{"dots at Gmail", "a.d.a+x@gmail.com", "ada@gmail.com"},
		{"Gmail's other name", "Ada@GoogleMail.com", "ada@gmail.com"},
		{"dots elsewhere mean something", "a.da@example.org", "a.da@example.org"},
		{"a trailing dot of the domain", "ada@example.org.", "ada@example.org"},
		{"a local part that is only a tag", "+tag@example.org", "+tag@example.org"},
		{"no address", "ada", ""},
		{"nothing before the sign", "@example.org", ""},
		{"nothing after the sign", "ada@", ""},
		{"only a dot after the sign", "ada@.", ""},
		{"two signs", "a@b@example.org", ""},
		{"two addresses", "a@example.org,b@example.org", ""},
		{"a header injection", "a@example.org\r\nBcc: b", ""},
		{"longer than mail can carry", strings.Repeat("a", 250) + "@example.org", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, ok := email.Canonical(row.text)
			if got != row.want || ok != (row.want != "") {
				t.Errorf("%q: got %q, %v; want %q", row.text, got, ok, row.want)
			}
		})
	}
}

// The laws: the canonical form is its own canonical form, and neither case nor a
// plus tag changes it.
func FuzzCanonical(f *testing.F) {
	f.Add("Ada.L+x@gmail.com")
	f.Add("a@b.c")
	f.Add("..@googlemail.com")
	f.Fuzz(func(t *testing.T, text string) {
		once, ok := email.Canonical(text)
		if !ok {
			return
		}
		if twice, ok := email.Canonical(once); !ok || twice != once {
			t.Fatalf("%q → %q → %q, %v", text, once, twice, ok)
		}
		if at := strings.LastIndexByte(once, '@'); !strings.Contains(once[:at], "+") && len(once) < 200 {
			if tagged, _ := email.Canonical(once[:at] + "+tag" + once[at:]); tagged != once {
				t.Fatalf("%q with a tag is %q", once, tagged)
			}
		}
	})
}
