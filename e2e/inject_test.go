package e2e_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/internal/inject"
)

// The insertions at a form, at a button and into the head. A button gets only an input,
// because a div would end a paragraph around it.
const (
	atForm   = `<div class="palisade-x"><input type="hidden" name="palisade-x" value="1"></div>`
	atButton = `<input class="palisade-x" type="hidden" name="palisade-x" value="1">`
	inHead   = `<link class="palisade-x" rel="palisade-x">`
)

// compare parses a page before and after, removes the insertions from the second tree, and
// returns both trees. It writes the pages into a frame. With DOMParser, Chromium does not
// connect a control in a table with its form. If scripts run, a noscript is text, and an
// insertion inside it too.
const compare = `window.compare = (before, after, charset, scripts, inserted) => {
	const parse = text => {
		const frame = document.createElement('iframe');
		if (!scripts) frame.sandbox = 'allow-same-origin';
		document.body.replaceChildren(frame);
		const page = frame.contentDocument;
		page.open();
		page.write(new TextDecoder(charset).decode(Uint8Array.from(atob(text), c => c.charCodeAt(0))));
		page.close();
		return page;
	};
	const whole = page => page.compatMode + [...page.childNodes].map(n => n.outerHTML ?? n.data ?? '<!doctype>').join('');
	const first = whole(parse(before)), page = parse(after);
	let hidden = 0;
	for (const element of page.querySelectorAll('noscript'))
		for (const markup of inserted) {
			const parts = element.textContent.split(markup);
			if (parts.length === 1) continue;
			hidden += parts.length - 1;
			element.textContent = parts.join('');
		}
	const added = [...page.querySelectorAll('.palisade-x')];
	const owned = added.filter(e => (e.querySelector('input') ?? e).form).length;
	added.forEach(e => e.remove());
	return {before: first, after: whole(page), found: added.length + hidden, owned: owned + hidden};
}`

// A browser must build the same page after the injection, apart from the insertions. All
// insertions must be there, and those at forms must belong to a form. There are no
// exceptions.
func TestInjectionChangesNothingElseInThePage(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../internal/inject/testdata/*.html")
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d pages, %v", len(paths), err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'") // the frames inherit the policy: nothing runs or loads
		fmt.Fprint(w, "<!doctype html><title>Pages</title>")
	}))
	t.Cleanup(server.Close)
	b := blank(t)
	b.goTo(server.URL)
	b.do("%s", compare)
	for _, path := range paths {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		charset := "utf-8"
		if _, label, ok := strings.Cut(strings.TrimSuffix(name, ".html"), "."); ok {
			charset = label
		}
		for _, scripts := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, scripts %t", name, scripts), func(t *testing.T) {
				samePage(&tab{t: t, ctx: b.ctx}, page, charset, scripts)
			})
		}
	}
}

func samePage(b *tab, page []byte, charset string, scripts bool) {
	b.t.Helper()
	injected, forms, heads := injectAll(b.t, page, inject.Charset("text/html; charset="+charset, page))
	got := eval[struct {
		Before, After string
		Found, Owned  int
	}](b, "compare(%q, %q, %q, %t, %s)", base64.StdEncoding.EncodeToString(page), base64.StdEncoding.EncodeToString(injected),
		decoder(page, charset), scripts, asJSON([]string{atForm, atButton, inHead}))
	if got.Before != got.After {
		b.t.Errorf("the page was\n%s\nand is\n%s", got.Before, got.After)
	}
	if got.Found != forms+heads {
		b.t.Errorf("of %d insertions %d are in the page", forms+heads, got.Found)
	}
	if got.Owned != forms {
		b.t.Errorf("of %d insertions at forms %d belong to a form", forms, got.Owned)
	}
}

// decoder returns the charset that a browser decodes the page from.
func decoder(page []byte, charset string) string {
	switch {
	case bytes.HasPrefix(page, []byte("\xFF\xFE")):
		return "utf-16le"
	case bytes.HasPrefix(page, []byte("\xFE\xFF")):
		return "utf-16be"
	}
	return charset
}

// injectAll injects at all possible places, and counts.
func injectAll(t *testing.T, page []byte, encoding inject.Encoding) (injected []byte, forms, heads int) {
	t.Helper()
	var out bytes.Buffer
	w := inject.NewWriter(&out, inject.Hooks{
		Encoding: encoding,
		Target: func(target inject.Target) []byte {
			forms++
			if target.Submitter {
				return []byte(atButton)
			}
			return []byte(atForm)
		},
		Head: func(string) []byte {
			heads++
			return []byte(inHead)
		},
	})
	if _, err := w.Write(page); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), forms, heads
}
