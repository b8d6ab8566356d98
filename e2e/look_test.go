package e2e_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/web"
)

// axe returns the source of axe-core, in the reviewed version.
var axe = sync.OnceValues(func() (string, error) {
	const (
		file   = "node_modules/axe-core/axe.min.js"
		digest = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c" // of 4.14.1
		hint   = "run: npm install --prefix e2e --no-package-lock --ignore-scripts"
	)
	source, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("missing: axe-core; %s", hint)
	}
	if sum := sha256.Sum256(source); hex.EncodeToString(sum[:]) != digest {
		return "", fmt.Errorf("e2e/%s is not axe-core 4.14.1; %s", file, hint)
	}
	return string(source), nil
})

// accessible reports the violations that axe-core finds on the page.
func (b *tab) accessible(scheme string) {
	b.t.Helper()
	source, err := axe()
	if err != nil {
		b.t.Fatal(err)
	}
	b.run(emulation.SetScriptExecutionDisabled(false), chromedp.Evaluate(source+";0", nil)) // axe is a script
	type violation struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	result := eval[struct{ Violations, Incomplete []violation }](b, `axe.run({resultTypes: ['violations']})`)
	for _, v := range result.Violations {
		b.t.Errorf("axe, %s: %s: %s\n%s\n%s", scheme, v.ID, v.Help, v.Nodes[0].HTML, v.Nodes[0].FailureSummary)
	}
}

// shot writes a picture of the page to shots/.
func (b *tab) shot(name string) {
	b.t.Helper()
	var picture []byte
	b.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		picture, err = cdpage.CaptureScreenshot().Do(ctx)
		return err
	}))
	if err := os.MkdirAll("shots", 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("shots", name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// look opens a page, checks it and takes screenshots of it, on a phone and on a desktop,
// light and dark.
func look(t *testing.T, s *site, name string, show func(b *tab)) {
	t.Helper()
	lookAt(t, s.url+"/", name, show)
}

func lookAt(t *testing.T, url, name string, show func(b *tab)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		b := blank(t)
		b.goTo(url)
		show(b)
		for _, width := range []int64{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				b.run(
					emulation.SetDeviceMetricsOverride(width, 844, 1, width < 500),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
						{Name: "prefers-color-scheme", Value: scheme},
						{Name: "prefers-reduced-motion", Value: "reduce"},
					}),
				)
				if wide := eval[int64](b, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("at %d the page is %d wide, so one has to scroll sideways", width, wide)
				}
				b.shot(fmt.Sprintf("%s-%d-%s", strings.ReplaceAll(name, " ", "-"), width, scheme))
			}
		}
		if violations := b.violations(); len(violations) > 0 {
			t.Errorf("violations of the policy: %q", violations)
		}
		for _, scheme := range []string{"light", "dark"} {
			b.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
			b.accessible(scheme)
		}
	})
}

func TestThePagesLookRightAndAreAccessible(t *testing.T) {
	t.Parallel()
	silent := newSite(t)
	look(t, silent, "form", func(*tab) {})

	asking := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	look(t, asking, "form that asks", func(b *tab) { b.stepShown() })

	blind := newSite(t)
	blind.markup = strings.Replace(signup, `action="/signup"`, `action="/signup" enctype="multipart/form-data"`, 1)
	blind.markup = strings.Replace(blind.markup, "FIELDS", `<input type="hidden" name="sent-without-proof" value="1">`, 1)
	send := func(b *tab) {
		b.click("#send")
		b.arrives("/signup")
		b.stepShown()
	}
	look(t, blind, "challenge", send)
	look(t, blind, "challenge waiting", func(b *tab) {
		send(b)
		b.do("const later = setTimeout; window.setTimeout = (f, ms, ...rest) => later(f, ms > 1000 ? 1e6 : ms, ...rest)") // keep it waiting
		b.click(checkbox)
		b.until("document.getElementById('palisade-left').textContent")
	})
	look(t, blind, "challenge failed", func(b *tab) {
		send(b)
		b.do("SubtleCrypto.prototype.deriveBits = () => Promise.reject(new Error('no'))")
		b.click(checkbox)
		b.until("document.querySelector('.altcha').dataset.state === 'error' && document.querySelector('.altcha-popover')")
	})

	withFile := newSite(t)
	withFile.markup = strings.Replace(blind.markup, "FIELDS", "", 1)
	withFile.markup = strings.Replace(withFile.markup, "<p><button", `<p><label>Photo <input type="file" name="photo"></label></p><p><button`, 1)
	look(t, withFile, "challenge with a file", func(b *tab) {
		b.do("const list = new DataTransfer(); list.items.add(new File(['x'], 'a.png')); f.photo.files = list.files")
		send(b)
	})
	look(t, withFile, "challenge without scripts", func(b *tab) {
		b.run(emulation.SetScriptExecutionDisabled(true))
		b.click("#send")
		b.arrives("/signup")
	})

	stuck := newSite(t)
	stuck.markup = blind.markup
	stuck.refuse = func(r *http.Request) bool {
		return strings.HasPrefix(r.URL.Path, "/.palisade/page.") && strings.HasSuffix(r.URL.Path, ".js")
	}
	look(t, stuck, "challenge that does not load", func(b *tab) {
		b.click("#send")
		b.arrives("/signup")
		b.until("document.getElementById('palisade-stuck').checkVisibility({visibilityProperty: true})")
	})
}

func TestTheNoticesLookRightAndAreAccessible(t *testing.T) {
	t.Parallel()
	notices := map[string]web.Notice{
		"denied":      {Kind: web.NoticeDenied},
		"limited":     {Kind: web.NoticeLimited, RetryAfter: 10 * time.Minute},
		"unreadable":  {Kind: web.NoticeUnreadable},
		"too large":   {Kind: web.NoticeTooLarge},
		"unavailable": {Kind: web.NoticeUnavailable},
		"received":    {Kind: web.NoticeReceived},
		"insecure":    {Kind: web.NoticeInsecure},
		"address":     {Kind: web.NoticeAddress},
		"request":     {Kind: web.NoticeRequest},
	}
	for name, notice := range notices {
		notice.Base, notice.ID, notice.Lang = "/.palisade/", "k3v8x1qz", "en"
		notice.Site, notice.Back = "shop.example.com", "/signup"
		s := newSite(t)
		s.instead = func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", web.CSP())
			if err := notice.Write(w); err != nil {
				t.Error(err)
			}
		}
		look(t, s, "notice "+name, func(*tab) {})
	}
}
