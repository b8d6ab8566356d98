package palisade_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// A limit by field counts what the app reads. Parsers take more names for that field
// than the one that is written.
func TestNamesThatSomeParserTakesForACountedField(t *testing.T) {
	for _, test := range []struct {
		name, field string
		ambiguous   bool
	}{
		{"a plus before it, which is a space", "+email", true},
		{"a space before it, which PHP drops", " email", true},
		{"a NUL and more, where PHP cuts", "email\x00x", true},
		{"a bracket before it", "]email", true},
		{"brackets around it, as Sinatra reads", "[email]", true},
		{"a bracket behind it, as qs reads", "email]", true},
		{"a list", "email[]", true},
		{"a member of a list", "email[0]", true},
		{"a part of a date, as Rails reads", "email(1i)", true},
		{"capitals, as ASP.NET reads", "Email", true},
		{"a default, as Spring reads", "!email", true},
		{"a dot behind it", "email.", true},
		{"letters of full width", "\uff45\uff4d\uff41\uff49\uff4c", true},
		{"bytes that are no UTF-8 and may be dropped", "ema\xffil", true},
		{"a bracket that is never closed, as Rack reads", "email[x", true},
		{"a longer name", "email2", false},
		{"a name with a prefix", "my-email", false},
		{"a part of something else", "user[email]", false},
		{"another name", "phone", false},
	} {
		for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data", "query"} {
			if kind == "multipart/form-data" && (strings.Contains(test.field, "\x00") || strings.Contains(test.field, "\xff")) {
				continue // refused as unreadable, see TestMultipart
			}
			t.Run(kind+" "+test.name, func(t *testing.T) {
				s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
					f.Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByField("email")}}
				})
				v := s.load()
				v.Set("username", "ada")
				s.wait(20 * time.Second)
				status, why, effects := 303, palisade.ReasonClean, int64(1)
				if test.ambiguous {
					status, why, effects = 400, palisade.ReasonAmbiguous, 0
				}
				switch kind {
				case "query":
					w := s.post(v, inQuery(url.Values{test.field: {"victim@example.org"}}.Encode()))
					s.expect(w, status, why, effects)
				case "multipart/form-data":
					v.Set(test.field, "victim@example.org")
					kind, body := multipartBody(v, "")
					s.expect(s.postBody(kind, body), status, why, effects)
				default:
					v.Set(test.field, "victim@example.org")
					s.expect(s.post(v), status, why, effects)
				}
			})
		}
	}
}

// Rails and PHP write the fields of one thing as user[name] and user[email]. A limit by
// one of them leaves the others alone.
func TestACountedFieldThatIsAPartOfAThing(t *testing.T) {
	for _, test := range []struct {
		name, field string
		ambiguous   bool
	}{
		{"a bracket that is never closed", "user[email", true},
		{"a sibling", "user[name]", false},
		{"the thing without parts", "user", false},
		{"a sibling that begins the same", "user[email2]", false},
		{"a list of it", "user[email][]", true},
		{"capitals", "User[Email]", true},
		{"without its end", "user[email", true},
		{"a part of it, as Rails reads", "user[email(1i)]", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
				f.Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByField("user[email]")}}
			})
			first, second := s.load(), s.load()
			for _, v := range []values{first, second} {
				v.Set("user[email]", "ada@example.org")
				v.Set(test.field, "x")
			}
			s.wait(20 * time.Second)
			if test.ambiguous {
				s.expect(s.post(first), 400, palisade.ReasonAmbiguous, 0)
				return
			}
			s.expect(s.post(first), 303, palisade.ReasonClean, 1)
			s.expect(s.post(second), 403, palisade.ReasonTargetLimit, 1)
		})
	}
}

func TestNamesThatSomeParserTakesForOurOwnFields(t *testing.T) {
	for _, name := range []string{"Palisade-Ticket", "palisade-ticket[]", " palisade-ticket", "palisade-proof]", "+palisade-proof"} {
		s := newSite(t)
		v := typed(s.load())
		v.Set(name, "x")
		s.wait(20 * time.Second)
		s.expect(s.post(v), 400, palisade.ReasonAmbiguous, 0)
	}
}

// Some parsers take a semicolon for what stands between two pairs of a query.
func TestACountedFieldInAQueryWithSemicolons(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByField("email")}}
	})
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.expect(s.post(v, inQuery("a;email=victim@example.org")), 400, palisade.ReasonAmbiguous, 0)
}

func inQuery(query string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery = query }
}
