package e2e_test

import (
	"net/url"
	"strings"
	"testing"
)

// A browser normalizes some unusual addresses before it requests them, and sends others as
// they are in the page.
func TestAFormAtAnOddPathIsRefusedWithAPageThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path  string // FRONT stands for the site
		plain bool   // the browser sends it as the page has it
	}{
		"two slashes":                       {path: "FRONT//signup"},
		"two slashes inside the path":       {path: "/a//signup"},
		"a needless escape":                 {path: "/sign%75p"},
		"an escaped slash behind two dots":  {path: "/a/..%2fsignup"},
		"an escaped slash at the end":       {path: "/signup%2f"},
		"two dots with a parameter":         {path: "/a/..;/signup"},
		"an escaped backslash":              {path: "/a%5Csignup"},
		"an escaped control character":      {path: "/signup%01"},
		"an escape of invalid UTF-8":        {path: "/signup%ff"},
		"two dots, which browsers resolve":  {path: "/a/../signup", plain: true},
		"escaped dots, which they resolve":  {path: "/a/%2e%2e/signup", plain: true},
		"a backslash, which they turn over": {path: `/a\..\signup`, plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, "  - {host: \"*\", upstream: UPSTREAM, forms: [{route: POST /signup, min_fill: 0s, limits: []}]}\n")
			n.sets(form(strings.Replace(test.path, "FRONT", n.front, 1), "a", "1"))
			b := blank(t)
			b.goTo(n.front + "/")
			b.click("#send")
			if test.plain {
				b.until("location.pathname === '/welcome' || document.querySelector(%q)?.getBoundingClientRect().width", checkbox)
				if eval[bool](b, "location.pathname !== '/welcome'") {
					n.expectNothing()
					b.confirm()
				}
				b.arrives("/welcome")
				if got := n.expect("/signup", url.Values{"a": {"1"}, "name": {"Ada & co"}}); got.header.Get("Palisade-Verdict") == "" {
					t.Error("it was not judged")
				}
				return
			}
			b.until("document.querySelector('h1')?.textContent === 'Not understood'")
			b.until("document.body.innerText.includes('open the site again from its home page')")
			if status := eval[int](b, "performance.getEntriesByType('navigation')[0].responseStatus"); status != 400 {
				t.Errorf("status %d, want 400", status)
			}
			n.expectNothing()
		})
	}
}

// A page that changes nothing may have any path, and the path of its links.
func TestALinkToAnOddPathLeadsToTheApp(t *testing.T) {
	t.Parallel()
	n := newNoter(t, "  - {host: \"*\", upstream: UPSTREAM, forms: [{route: POST /signup}]}\n")
	b := n.shows(`<a id="link" href="/sign%75p">Sign up</a>`)
	b.click("#link")
	b.arrives("/sign%75p")
	b.until("document.title === 'Page'")
}

func TestAnAppThatNeedsOddPathsHasItsFormsWork(t *testing.T) {
	t.Parallel()
	const sites = "  - {host: \"*\", upstream: UPSTREAM, protect: auto, odd_paths: [POST /projects/**]}\n"
	fields := url.Values{"a": {"1"}, "name": {"Ada & co"}}
	for name, path := range map[string]string{
		"an escaped slash":         "/projects/group%2Fname",
		"an escaped slash, twice":  "/projects/a%2Fb/merge/c%2fd?e=f%2Fg",
		"two slashes":              "/projects//name",
		"a needless escape":        "/projects/n%61me",
		"an escaped percent sign":  "/projects/100%25",
		"bars and brackets":        "/projects/a|b[c]%2F^d",
		"bytes that are not UTF-8": "/projects/%e4",
		"letters that are escaped": "/projects/ä%2Fö",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, sites)
			b := n.shows(form(path, "a", "1"))
			sent := eval[string](b, "new URL(document.forms[0].action).pathname + new URL(document.forms[0].action).search")
			b.click("#send")
			b.arrives("/welcome")
			if got := n.expect(sent, fields); got.header.Get("Palisade-Verdict") == "" {
				t.Error("it was not judged")
			}
		})
		t.Run(name+", sent without a proof", func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, sites)
			n.sets(form(path, "a", "1"))
			b := blank(t)
			b.withoutScript(n.front + "/")
			sent := eval[string](b, "new URL(document.forms[0].action).pathname + new URL(document.forms[0].action).search")
			b.click("#send")
			b.stepShown()
			n.expectNothing()
			b.confirm()
			b.arrives("/welcome")
			n.expect(sent, fields)
		})
	}
	t.Run("elsewhere they are refused as ever", func(t *testing.T) {
		t.Parallel()
		n := newNoter(t, sites)
		b := n.shows(form("/other/group%2Fname", "a", "1"))
		b.click("#send")
		b.until("document.querySelector('h1')?.textContent === 'Not understood'")
		n.expectNothing()
	})
}
