package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/web"
)

func TestWhereTheLinkBackLeads(t *testing.T) {
	for _, row := range []struct{ name, referer, want string }{
		{"the page that the form was on", "https://example.com/signup", "/signup"},
		{"with its query", "https://example.com/thread?id=5&x=%2F", "/thread?id=5&x=%2F"},
		{"without its fragment and its user", "https://ada:secret@example.com/thread#last", "/thread"},
		{"a host in capitals", "https://EXAMPLE.com/a", "/a"},
		{"a host that the site has beside the request's", "https://www.example.com/a", "/a"},
		{"the first page", "https://example.com", "/"},
		{"nothing, where the browser does not tell", "", "/"},
		{"another site", "https://evil.example/signup", "/"},
		{"another port", "https://example.com:8443/signup", "/"},
		{"a user that looks like the site", "https://example.com@evil.example/a", "/"},
		{"a path that would begin another host", "https://example.com//evil.example/a", "/evil.example/a"},
		{"a path with a backslash", `https://example.com/\evil.example`, "/%5Cevil.example"},
		{"a path with a tab, which browsers drop", "https://example.com/\t/evil.example", "/"},
		{"a script", "javascript:alert(1)", "/"},
		{"a script with a host", "javascript://example.com/%0aalert(1)", "/"},
		{"a path alone", "/signup", "/"},
		{"nothing that is an address", "https://example.com/%zz", "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "https://example.com/signup", nil)
			r.Header.Set("Referer", row.referer)
			if got := web.Back(r, "www.example.com"); got != row.want {
				t.Errorf("%q leads to %q, want %q", row.referer, got, row.want)
			}
		})
	}
}

// The law: whatever the browser says, the link leads to a path of this host.
func FuzzTheLinkBackStaysOnThisHost(f *testing.F) {
	f.Add("https://example.com//evil.example/a", "/\\evil.example")
	f.Add("https://example.com/%2F%2Fevil.example", "javascript:alert(1)")
	f.Fuzz(func(t *testing.T, referer, back string) {
		r := httptest.NewRequest("POST", "https://example.com/signup", nil)
		r.Header.Set("Referer", referer)
		for _, page := range []web.Notice{{Base: base, Back: web.Back(r)}, {Base: base, Back: back}} {
			link := linkOf(write(t, page))
			if !strings.HasPrefix(link, "/") || len(link) > 1 && (link[1] == '/' || link[1] == '\\' || link[1] < ' ') {
				t.Errorf("%q and %q lead to %q", referer, back, link)
			}
		}
	})
}

// linkOf returns where the link of a page leads, or "".
func linkOf(page string) string {
	_, rest, _ := strings.Cut(page, `<a href="`)
	link, _, _ := strings.Cut(rest, `"`)
	return link
}

func TestThePagesSayWhoseTheyAreAndHaveAWayBack(t *testing.T) {
	for _, row := range []struct {
		name, site, back string
		says             string // above the title, in the template's markup
		link             string
	}{
		{"a site and a page", "Example.com", "/signup?a=b", `<p class="site" dir="ltr">example.com</p>`, `<a href="/signup?a=b">Back to the page</a>`},
		{"a site with a port", "[::1]:8080", "/signup", `<p class="site" dir="ltr">[::1]:8080</p>`, `<a href="/signup">Back to the page</a>`},
		{"no site and no page", "", "", "", `<a href="/">To the home page of this site</a>`},
		{"a host that is none", `evil.example"><script>`, "/", "", `<a href="/">To the home page of this site</a>`},
		{"a host of dots", "..", "/", "", `<a href="/">To the home page of this site</a>`},
		{"a host that is too long", strings.Repeat("a.", 200), "/", "", `<a href="/">To the home page of this site</a>`},
		{"a page of another host", "example.com", "//evil.example", `<p class="site" dir="ltr">example.com</p>`, `<a href="/evil.example">Back to the page</a>`},
		{"a script for a page", "example.com", "javascript:alert(1)", `<p class="site" dir="ltr">example.com</p>`, `<a href="/">To the home page of this site</a>`},
	} {
		t.Run(row.name, func(t *testing.T) {
			challenge := write(t, challengePage(func(p *web.ChallengePage) { p.Site, p.Back = row.site, row.back }))
			notice := write(t, web.Notice{Base: base, Site: row.site, Back: row.back})
			for _, page := range []string{challenge, notice} {
				if !strings.Contains(page, "<main>\n"+row.says) || row.says == "" && strings.Contains(page, `class="site"`) {
					t.Errorf("the page does not begin with %q:\n%s", row.says, page)
				}
				if !strings.Contains(page, row.link) {
					t.Errorf("the page lacks %s:\n%s", row.link, page)
				}
				if named := strings.Contains(page, " · "+strings.ToLower(row.site)+"</title>"); named != (row.says != "") {
					t.Errorf("the site in the title of the window: %v", named)
				}
			}
		})
	}
	if page := write(t, web.Notice{Kind: web.NoticeAddress, Base: base}); linkOf(page) != "" {
		t.Error("where there is no site, a link leads to it")
	}
}
