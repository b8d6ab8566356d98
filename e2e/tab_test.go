package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/palisade-dev/palisade/e2e/chromium"
)

// patience is how long a test waits for an event that must happen. It measures nothing; a
// test that passes waits for a fraction of it.
const patience = 3 * time.Minute

// tab is one window of the browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	thrown []string
}

// watcher runs before any script of a page and records the events that tests check.
const watcher = `
window.seen = {violations: [], events: [], shows: []};
document.addEventListener('securitypolicyviolation', e => seen.violations.push(e.effectiveDirective + ' ' + e.blockedURI));
for (const type of ['palisade:solved', 'palisade:failed', 'palisade:verified'])
  document.addEventListener(type, e => seen.events.push(type));
addEventListener('pageshow', e => seen.shows.push(e.persisted));
addEventListener('message', e => { if (e.data?.palisade?.type === 'hello' || e.data?._frc && e.data.type === 'widget_announce') window.widgetReady = true; });
`

// open opens the page at a path of the site in a new window.
func open(s *site, path string) *tab {
	s.t.Helper()
	b := blank(s.t)
	b.goTo(s.url + path)
	return b
}

// beforeScripts runs a script before all scripts of the pages that are opened later.
func (b *tab) beforeScripts(format string, args ...any) {
	b.t.Helper()
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(fmt.Sprintf("(() => { "+format+" })()", args...)).Do(ctx)
		return err
	}))
}

func (b *tab) goTo(url string) {
	b.t.Helper()
	b.run(chromedp.Navigate(url))
}

// blank opens an empty window.
func blank(t *testing.T) *tab {
	t.Helper()
	return blankIn(t, browser)
}

// blankIn opens an empty window of a browser.
func blankIn(t *testing.T, in context.Context) *tab {
	t.Helper()
	window, err := chromium.Window(in)
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(in, chromedp.WithTargetID(window))
	t.Cleanup(closeTab)
	if err := chromedp.Run(ctx); err != nil { // the context lives as long as the tab
		t.Fatal(err)
	}
	b := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.thrown = append(b.thrown, e.ExceptionDetails.Error())
		}
	})
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.thrown) > 0 {
			t.Errorf("scripts of the page threw: %s", strings.Join(b.thrown, "\n"))
		}
	})
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(watcher).Do(ctx)
		return err
	}))
	return b
}

func (b *tab) run(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// eval runs a script in the page and decodes its result, also that of a promise.
func eval[T any](b *tab, format string, args ...any) T {
	b.t.Helper()
	var result T
	if err := b.try(&result, fmt.Sprintf(format, args...)); err != nil {
		b.t.Fatalf("in the page: %v\n%s", err, fmt.Sprintf(format, args...))
	}
	return result
}

// do runs a script in the page for its effect. The script may leave the page.
func (b *tab) do(format string, args ...any) {
	b.t.Helper()
	script := fmt.Sprintf("(() => { "+format+" })()", args...)
	var nothing any
	err := b.try(&nothing, script)
	if err != nil && !strings.Contains(err.Error(), "navigated") && !strings.Contains(err.Error(), "context was destroyed") {
		b.t.Fatalf("in the page: %v\n%s", err, script)
	}
}

func (b *tab) try(result any, script string) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	var raw []byte
	err := chromedp.Run(ctx, chromedp.Evaluate("Promise.resolve("+script+").then(v => JSON.stringify(v ?? null))", &raw,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	if err != nil {
		return err
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), result)
}

// until waits until a condition is true in the page, across navigations.
func (b *tab) until(format string, args ...any) {
	b.t.Helper()
	condition := fmt.Sprintf(format, args...)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var yes bool
		if err := b.try(&yes, "!!("+condition+")"); err == nil && yes {
			return
		}
	}
	var where string
	_ = b.try(&where, "location.href + '\\n' + document.body.innerText")
	b.t.Fatalf("it never came to: %s\nthe page is %s", condition, where)
}

// arrives waits for a page.
func (b *tab) arrives(path string) {
	b.t.Helper()
	b.until("location.pathname === %q && document.readyState === 'complete'", path)
}

// keys types as a person does.
func (b *tab) keys(text string) {
	b.t.Helper()
	b.run(chromedp.KeyEvent(text))
}

const (
	tabKey = kb.Tab
	enter  = kb.Enter
	space  = " "
)

// click clicks on the middle of the selected element.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.clicks(selector, 1)
}

// clicks clicks several times in a row, as fast as a double click.
func (b *tab) clicks(selector string, n int) {
	b.t.Helper()
	at := eval[[2]float64](b, `(e => { e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })(document.querySelector(%q))`, selector)
	b.clicksAt(at[0], at[1], n)
}

// clickAt clicks at a position of the window, on any element.
func (b *tab) clickAt(x, y float64) {
	b.t.Helper()
	b.clicksAt(x, y, 1)
}

func (b *tab) clicksAt(x, y float64, n int) {
	b.t.Helper()
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		for i := range n {
			for _, kind := range []input.MouseType{input.MousePressed, input.MouseReleased} {
				event := input.DispatchMouseEvent(kind, x, y).WithButton(input.Left).WithClickCount(int64(i + 1))
				if err := event.Do(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// fill sets the values of a form's fields as a script or an autofill does, without focusing
// them.
func (b *tab) fill(values map[string]string) {
	b.t.Helper()
	b.do(`for (const [name, value] of Object.entries(%s)) document.querySelector('[name="' + name + '"]').value = value;`, asJSON(values))
}

// asJSON writes a value as a script may hold it.
func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // maps of strings have none
	}
	return string(text)
}

func (b *tab) violations() []string {
	return eval[[]string](b, "seen.violations")
}
