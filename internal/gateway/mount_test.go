package gateway_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/internal/gateway"
)

var ownURLs = regexp.MustCompile(`(?:src|href)="([^"]*/\.?[a-z]+/(?:guard|palisade)[^"]*)"`)

// A browser asks for each URL under the path that it knows. The proxy in front may have cut
// off a part of it.
func TestAnAppBelowAPath(t *testing.T) {
	for _, test := range []struct {
		name, base, prefix, route string
		page, action              string // as the browser knows them
		files, cookie             string
		guarded                   bool
	}{
		{"at the root", "", "", "POST /signup", "/", "/signup", "/.palisade/", "palisade", true},
		{"the proxy passes the path on", "/app/.palisade/", "", "POST /app/signup", "/app/", "/app/signup", "/app/.palisade/", "palisade-4294bcf2", true},
		{"the proxy cuts the path off", "", "/app", "POST /signup", "/app/", "/app/signup", "/app/.palisade/", "palisade-4294bcf2", true},
		{"the proxy cuts the path off, and the form is relative", "", "/app", "POST /x/signup", "/app/x/", "signup", "/app/.palisade/", "palisade-4294bcf2", true},
		{"the proxy cuts the path off, and the form has no action", "", "/app", "POST /signup", "/app/signup", "", "/app/.palisade/", "palisade-4294bcf2", true},
		{"the proxy cuts the path off, and our files have a name of their own", "/app/.own/", "/app", "POST /signup", "/app/", "/app/signup", "/app/.own/", "", true},
		{"the form leads out of the app", "", "/app", "POST /signup", "/app/", "/signup", "/app/.palisade/", "", false},
		{"the form leads to a path that begins alike", "", "/app", "POST /signup", "/app/", "/application/signup", "/app/.palisade/", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
				s.Base, s.Prefix, s.Script = test.base, test.prefix, true
				s.Forms[0].Routes = patterns(t, test.route)
			})
			w.page(`<!doctype html><head><form method=post action="` + test.action + `"></form>`)
			ask := func(path string) string { return strings.TrimPrefix(path, test.prefix) } // as the proxy in front does
			body := w.get(ask(test.page)).body
			if guarded := strings.Contains(body, "palisade-ticket"); guarded != test.guarded {
				t.Fatalf("guarded: %v\n%s", guarded, body)
			}
			urls := ownURLs.FindAllStringSubmatch(body, -1)
			if len(urls) == 0 {
				t.Errorf("no file of ours in\n%s", body)
			}
			for _, m := range urls {
				if got := w.get(ask(m[1])); !strings.HasPrefix(m[1], test.files) || got.status != http.StatusOK || !strings.Contains(got.header.Get("Cache-Control"), "public") {
					t.Errorf("%s: %d %v", m[1], got.status, got.header)
				}
			}
			if !test.guarded {
				return
			}
			if got := w.get(ask(test.files) + "ticket?form=signup"); got.status != http.StatusOK {
				t.Errorf("ticket: %d %s", got.status, got.body)
			}
			words := strings.Fields(test.route)
			want := test.prefix + words[1]
			page := w.post(words[1]+"?a=b", nil)
			if !strings.Contains(page.body, `action="`+want+`?a=b"`) {
				t.Errorf("the challenge does not lead to %s:\n%s", want, page.body)
			}
			if cookie := page.header.Get("Set-Cookie"); test.cookie != "" && (!strings.HasPrefix(cookie, test.cookie+"=") || !strings.Contains(cookie, "Path=/;")) {
				t.Errorf("the cookie is %s", cookie)
			}
			if !strings.Contains(page.body, `<a href="`+test.prefix+`/"`) {
				t.Errorf("the link back does not lead to %s/:\n%s", test.prefix, page.body)
			}
			kind, body, cookie := w.again(page)
			w.wait(time.Minute)
			if got := w.send("POST", words[1]+"?a=b", kind, body, cookie); got.status != http.StatusOK {
				t.Errorf("after the step: %d %s", got.status, w.reason())
			}
			if script := w.get(ask(test.files) + "guard.js").body; !strings.Contains(script, `"`+want+`"`) {
				t.Errorf("guard.js does not guard %s", want)
			}
		})
	}
}

func TestBasesThatAreMistakes(t *testing.T) {
	for name, row := range map[string]struct{ base, prefix string }{
		"no slash at the end":        {"/app/.palisade", ""},
		"no slash at the beginning":  {"app/", ""},
		"the root":                   {"/", ""},
		"a dot segment":              {"/app/../x/", ""},
		"two slashes":                {"//app/", ""},
		"a query":                    {"/app/?/", ""},
		"a quotation mark":           {`/app"/`, ""},
		"an escape":                  {"/%61pp/", ""},
		"a control character":        {"/a\tb/", ""},
		"a prefix with a slash":      {"/app/.palisade/", "/app/"},
		"a base not below it":        {"/.palisade/", "/app"},
		"a base that begins alike":   {"/app.palisade/", "/app"},
		"the prefix is all of it":    {"/app/", "/app"},
		"a prefix without its slash": {"", "app"},
	} {
		site := gateway.Site{Host: "localhost", Base: row.base, Prefix: row.prefix}
		_, err := gateway.New(gateway.Config{Sites: []gateway.Site{site}})
		if err == nil || !strings.Contains(err.Error(), "Base") && !strings.Contains(err.Error(), "Prefix") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
