package e2e_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade/e2e/chromium"
)

// withoutCookies starts a browser that blocks all cookies. Chromium then refuses all other
// storage to scripts too.
func withoutCookies(t *testing.T) context.Context {
	t.Helper()
	dir := profile(t)
	if err := os.Mkdir(filepath.Join(dir, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	const preferences = `{"profile": {"default_content_setting_values": {"cookies": 2}}}`
	if err := os.WriteFile(filepath.Join(dir, "Default", "Preferences"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop, err := chromium.Start(chromedp.UserDataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return ctx
}

// profile makes a folder for a browser. Child processes of Chromium may still write into it
// while it is removed, and t.TempDir would report this as a failure.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "palisade-profile-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var err error
		for range 200 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Error(err)
	})
	return dir
}

// A cookie binds a capsule to the browser. Without it the typed values are shown once more
// as plain fields, and a second step sends them.
func TestABrowserWithoutCookiesLosesNothing(t *testing.T) {
	t.Parallel()
	blocked := withoutCookies(t)
	const sites = "  - {host: \"*\", upstream: UPSTREAM, script: true, forms: [{route: POST /signup, min_fill: 0s, limits: []}]}\n"
	page := `<form method="post" action="/signup?a=b"><input name="name" aria-label="Name"><textarea name="about" aria-label="About"></textarea><input type="hidden" name="many" value="1"><input type="hidden" name="many" value="2"><button id="send" name="go" value="yes">Send</button></form>`
	values := map[string]string{"name": `Ada "the first" & <co> ü`, "about": "line one\nline two"}
	want := url.Values{"name": {values["name"]}, "about": {"line one\r\nline two"}, "many": {"1", "2"}, "go": {"yes"}}
	visit := func(t *testing.T, page string, open func(b *tab, url string)) (*noter, *tab) {
		n := newNoter(t, sites)
		n.sets(page)
		b := blankIn(t, blocked)
		open(b, n.front+"/")
		if eval[bool](b, "(document.cookie = 'a=b', document.cookie !== '')") {
			t.Fatal("the browser takes cookies, so nothing is tested")
		}
		return n, b
	}
	// twice takes the step of the challenge page and of the page that follows, which has the
	// typed values as plain fields.
	twice := func(n *noter, b *tab) {
		b.stepShown()
		if eval[bool](b, "!document.querySelector('[name=palisade-capsule]')") {
			n.t.Error("the first page holds no capsule")
		}
		b.confirm()
		b.until("document.querySelector('form [name=name]') && !document.querySelector('[name=palisade-capsule]')")
		n.expectNothing()
		b.until("document.body.innerText.includes('What you typed is kept')")
	}

	t.Run("silently", func(t *testing.T) {
		t.Parallel()
		n, b := visit(t, page, (*tab).goTo)
		b.fill(values)
		b.click("#send")
		b.arrives("/welcome")
		n.expect("/signup?a=b", want)
	})
	for name, page := range map[string]string{
		"challenged": page,
		"challenged, with a form that may hold files": strings.Replace(page, "<form", `<form enctype="multipart/form-data"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, b := visit(t, page, withoutAnyScript)
			b.fill(values)
			b.click("#send")
			twice(n, b)
			b.confirm()
			b.arrives("/welcome")
			n.expect("/signup?a=b", want)
		})
	}
	t.Run("challenged, with a file, which is chosen again", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "engine.txt")
		if err := os.WriteFile(file, []byte("steam"), 0o600); err != nil {
			t.Fatal(err)
		}
		page := strings.Replace(page, "<form", `<form enctype="multipart/form-data"`, 1)
		n, b := visit(t, strings.Replace(page, "<button", `<input type="file" name="photo" aria-label="Photo"><button`, 1), withoutAnyScript)
		b.fill(values)
		b.upload("[name=photo]", file)
		b.click("#send")
		twice(n, b)
		b.stepShown()
		b.upload("[name=photo]", file)
		b.click(checkbox)
		b.arrives("/welcome")
		withFile := url.Values{"photo": {"steam"}}
		for name := range want {
			withFile[name] = want[name]
		}
		n.expect("/signup?a=b", withFile)
	})
}

// withoutAnyScript loads a page without any of our scripts.
func withoutAnyScript(b *tab, url string) {
	b.t.Helper()
	b.run(network.Enable(), network.SetBlockedURLs([]string{"*/.palisade/*.js"}))
	b.goTo(url)
	b.run(network.SetBlockedURLs([]string{}))
}
