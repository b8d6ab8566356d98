package fronts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade/e2e/chromium"
)

const (
	// patience is how long a run waits for what should happen. It measures nothing: what works
	// takes a fraction of it, and what does not work is in the list of a row.
	patience = 40 * time.Second

	// A person takes some seconds to fill a form in, and the gateway expects that.
	filling = 4 * time.Second

	// Typing something else takes a person more than a second. What is sent again before is
	// taken for a double click, if the form itself sends.
	retyping = 1500 * time.Millisecond

	// quiet is how long a run waits for what should not happen, such as a second effect.
	quiet = time.Second

	sends = 3
)

// seen is a page as a script of it found it. See look.
type seen struct {
	Body  string `json:"body"`
	Forms []struct {
		Elements []string `json:"elements"`
		Entries  []string `json:"entries"`
		Children []string `json:"children"`
	} `json:"forms"`
}

// run is what one visit of a page came to.
type run struct {
	base   string
	failed string // why not everything was sent, or what the person saw
	took   []time.Duration
	looks  map[string]seen
	errors []string // of the console
	writes []write
	effect int
}

type visitor struct {
	ctx  context.Context
	base string

	mu      sync.Mutex
	errors  []string
	refused string // a document that the browser got instead of the app's answer
}

// visit opens the page at base in a new window, fills it in and sends it several times, as a
// person does, and records what comes of it. Without a wait, filling in takes no time.
func visit(t *testing.T, in context.Context, r row, a *app, base string, wait time.Duration) run {
	t.Helper()
	window, err := chromium.Window(in)
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeWindow := chromedp.NewContext(in, chromedp.WithTargetID(window))
	t.Cleanup(closeWindow)
	v := &visitor{ctx: ctx, base: base}
	if err := chromedp.Run(ctx); err != nil { // the context lives as long as the window
		t.Fatal(err)
	}
	chromedp.ListenTarget(ctx, v.hear)
	if r.real != nil {
		if err := v.watch(); err != nil {
			t.Fatal(err)
		}
	}

	out := run{base: base, looks: make(map[string]seen)}
	for n := 1; n <= r.sends() && out.failed == ""; n++ {
		took, failed := v.send(r, a, n, wait, out.looks)
		if out.failed = failed; failed == "" {
			out.took = append(out.took, took)
		}
	}
	time.Sleep(quiet)
	if !r.leaves && r.real == nil && out.failed == "" {
		out.looks["after it was sent"] = v.look("look()")
	}
	out.writes, out.effect = a.got(), a.effects()
	v.mu.Lock()
	defer v.mu.Unlock()
	out.errors = slices.Clone(v.errors)
	return out
}

// hear records the errors that a developer sees in the console, and answers that replace the
// page.
func (v *visitor) hear(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	add := func(text string) { v.errors = append(v.errors, strings.ReplaceAll(text, v.base, "BASE")) }
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		add("thrown: " + e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeAssert {
			var all []string
			for _, arg := range e.Args {
				all = append(all, strings.Trim(string(arg.Value), `"`)+arg.Description)
			}
			add("console: " + strings.Join(all, " "))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError {
			add(string(e.Entry.Source) + ": " + e.Entry.Text + " " + e.Entry.URL)
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument && e.Response.Status >= 400 {
			v.refused = fmt.Sprintf("a page with status %d at %s", e.Response.Status, strings.TrimPrefix(e.Response.URL, v.base))
		}
	}
}

// send fills the page in and sends it once. It returns the time from the click to the effect
// in the app, or why there was none.
func (v *visitor) send(r row, a *app, n int, wait time.Duration, looks map[string]seen) (time.Duration, string) {
	if r.real != nil {
		return v.take(r, a, n, wait, looks)
	}
	if n == 1 || r.leaves {
		if err := v.run(chromedp.Navigate(v.base + "/")); err != nil {
			return 0, fmt.Sprintf("the page did not open: %v", err)
		}
		if failed := v.until("document.querySelector('[name=name]') && document.readyState === 'complete'", "the page is there"); failed != "" {
			return 0, failed
		}
		time.Sleep(wait)
		if n == 1 {
			looks["as its HTML was read"] = v.look("parsed")
		}
	} else if wait > 0 {
		time.Sleep(retyping)
	}
	// Three clicks select what is in the field, and what is typed replaces it.
	if err := v.click("[name=name]", 3); err != nil {
		return 0, err.Error()
	}
	if err := v.run(chromedp.KeyEvent(fmt.Sprintf("Ada & co %d", n))); err != nil {
		return 0, err.Error()
	}
	if failed := v.until("!document.querySelector('#send').disabled", "the button can be clicked"); failed != "" {
		return 0, failed
	}
	if n == 1 { // what the page's scripts do when they start is done: some enable the button then
		looks["as it was filled in"] = v.look("look()")
	}
	took, failed := v.press(a, func() error { return v.click("#send", 1) }, n)
	if failed != "" {
		return took, failed
	}
	if r.leaves {
		if failed := v.until("location.pathname === '/done' && document.readyState === 'complete'", "the app's answer is there"); failed != "" {
			return took, failed
		}
	}
	return took, v.step(n)
}

// press clicks on a button and waits for the effect in the app.
func (v *visitor) press(a *app, click func() error, n int) (took time.Duration, failed string) {
	before := a.effects()
	start := time.Now()
	if err := click(); err != nil {
		return 0, err.Error()
	}
	for took == 0 {
		switch refused := v.replaced(); {
		case a.effects() > before:
			took = time.Since(start)
		case refused != "":
			return 0, fmt.Sprintf("send %d: the person got %s", n, refused)
		case time.Since(start) > patience:
			var where string
			_ = v.eval(&where, "location.pathname + ' ' + document.body.innerText.slice(0, 200)")
			return 0, fmt.Sprintf("send %d: nothing reached the app; the page is %s", n, where)
		default:
			time.Sleep(2 * time.Millisecond)
		}
	}
	return took, ""
}

// step returns what of the gateway the person saw.
func (v *visitor) step(n int) string {
	var step string
	if err := v.eval(&step, `[...document.querySelectorAll('.palisade-status, iframe')].filter(e => e.getClientRects().length && (e.localName === 'iframe' || e.textContent.trim())).map(e => e.localName + ' ' + e.textContent).join()`); err != nil {
		return err.Error()
	}
	if step != "" {
		return fmt.Sprintf("send %d: the person saw a step: %s", n, step)
	}
	return ""
}

func (v *visitor) replaced() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refused
}

func (v *visitor) look(what string) (s seen) {
	if err := v.eval(&s, what); err != nil {
		s.Body = err.Error() // differs from every page
	}
	s.Body = neutral(s.Body, v.base)
	return s
}

func (v *visitor) run(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

func (v *visitor) eval(result any, script string) error {
	var text string
	if err := v.run(chromedp.Evaluate("JSON.stringify("+script+")", &text)); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), result)
}

// until waits until a condition is true in the page, across navigations.
func (v *visitor) until(condition, what string) string {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var yes bool
		if err := v.eval(&yes, "!!("+condition+")"); err == nil && yes {
			return ""
		}
	}
	var where string
	_ = v.eval(&where, "location.pathname + ' ' + document.body.innerText.slice(0, 300)")
	return fmt.Sprintf("it never came to: %s; the page is %s", what, where)
}

// click clicks on the middle of an element, several times in a row.
func (v *visitor) click(selector string, times int) error {
	var at [2]float64
	if err := v.eval(&at, fmt.Sprintf(`(e => {
		e.scrollIntoViewIfNeeded();
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})(document.querySelector(%q))`, selector)); err != nil {
		return fmt.Errorf("%s: %w", selector, err)
	}
	return v.run(chromedp.ActionFunc(func(ctx context.Context) error {
		for i := range times {
			for _, kind := range []input.MouseType{input.MousePressed, input.MouseReleased} {
				if err := input.DispatchMouseEvent(kind, at[0], at[1]).WithButton(input.Left).WithClickCount(int64(i + 1)).Do(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}
