package e2e_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// wayForm guards one form of any app.
const wayForm = "  - {host: \"*\", upstream: UPSTREAM, script: true, forms: [{route: POST /signup, min_fill: 0s, limits: []}]}\n"

// unable has the browser fail at the work of the proof on the app's pages, so that what they send
// is challenged. The page's mend() ends that.
const unable = `if (location.pathname === '/') {
	const able = SubtleCrypto.prototype.deriveBits;
	SubtleCrypto.prototype.deriveBits = () => Promise.reject(new Error('no'));
	window.mend = () => { SubtleCrypto.prototype.deriveBits = able; };
}`

// challengedFrom shows a page whose first submission is challenged.
func (n *noter) challengedFrom(page string) *tab {
	n.t.Helper()
	n.sets(page)
	b := blank(n.t)
	b.beforeScripts("%s", unable)
	b.goTo(n.front + "/")
	return b
}

// another returns the window that the test's site opened beside this one.
func (b *tab) another(front string) *tab {
	b.t.Helper()
	mine := chromedp.FromContext(b.ctx).Target.TargetID
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		all, err := chromedp.Targets(b.ctx)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, one := range all {
			if one.Type == "page" && one.TargetID != mine && strings.HasPrefix(one.URL, front) {
				return attach(b.t, one.TargetID)
			}
		}
	}
	b.t.Fatal("no other window opened")
	return nil
}

// attach returns a window or a frame that is there already.
func attach(t *testing.T, id target.ID) *tab {
	t.Helper()
	ctx, done := chromedp.NewContext(browser, chromedp.WithTargetID(id))
	t.Cleanup(done)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return &tab{t: t, ctx: ctx}
}

// shut closes a window.
func (b *tab) shut() {
	b.t.Helper()
	if err := chromedp.Cancel(b.ctx); err != nil {
		b.t.Fatal(err)
	}
}

// passes waits until a submission has arrived, and takes a step where one is asked: a slow machine
// may need longer for its proof than a browser lets it.
func (b *tab) passes() {
	b.t.Helper()
	b.until("location.pathname === '/welcome' || document.querySelector(%q)?.getBoundingClientRect().width", checkbox)
	if eval[bool](b, "location.pathname !== '/welcome'") {
		b.confirm()
	}
	b.arrives("/welcome")
}

// A form may be sent into another window. The step shows there, and the form can be sent again.
func TestWayInAnotherWindow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ page, send string }{
		"a form that opens a new tab": {
			page: strings.Replace(plain, `method=`, `target="_blank" method=`, 1),
		},
		"a button that opens a new tab": {
			page: strings.Replace(plain, `<button`, `<button formtarget="_blank"`, 1),
		},
		"a form that names a window that is not there": {
			page: strings.Replace(plain, `method=`, `target="result" method=`, 1),
		},
		"a script that opens a popup and sends the form into it": {
			page: plain + `<button id="open" onclick="window.open('', 'popup', 'width=500,height=500'); f.target = 'popup'; f.submit()">Open</button>`,
			send: "#open",
		},
		"a submit handler that opens a popup for the form": {
			page: plain + `<script>f.addEventListener('submit', () => { window.open('', 'popup', 'width=500,height=500'); f.target = 'popup'; })</script>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, wayForm)
			b := n.challengedFrom(test.page)
			if test.send == "" {
				test.send = "#send"
			}
			b.fill(map[string]string{"name": "Ada ä & co"})
			b.click(test.send)
			popup := b.another(n.front)
			popup.stepShown()
			n.expectNothing()
			popup.confirm()
			popup.arrives("/welcome")
			n.expect("/signup", url.Values{"name": {"Ada ä & co"}})
			popup.shut()

			b.do("mend()")
			if at := eval[string](b, "location.pathname + ' ' + f.elements.name.value"); at != "/ Ada ä & co" {
				t.Errorf("the first window shows %s", at)
			}
			b.fill(map[string]string{"name": "Eve"})
			b.click(test.send)
			b.another(n.front).passes()
			all := n.arrived(2)
			if len(all) != 2 || all[1].fields.Encode() != "name=Eve" {
				t.Errorf("the app got %+v", all)
			}
		})
	}
}

// Browsers open no window long after the click. A form that would have to wait so long for its
// ticket goes at once, and the step shows in its window.
func TestWayInANewTabThatCannotWait(t *testing.T) {
	t.Parallel()
	n := newNoter(t, strings.Replace(wayForm, "min_fill: 0s", "min_fill: 9s", 1))
	b := n.shows(strings.Replace(plain, `method=`, `target="_blank" method=`, 1))
	b.click("#send")
	opened := b.another(n.front)
	opened.stepShown()
	n.expectNothing()
	opened.confirm()
	opened.arrives("/welcome")
	n.expect("/signup", url.Values{"name": {"Ada"}})
}

// A form that is sent into a frame of its page needs no new window, and waits.
func TestWayInAFrameOfThePage(t *testing.T) {
	t.Parallel()
	n := newNoter(t, strings.Replace(wayForm, "min_fill: 0s", "min_fill: 4s", 1))
	b := n.shows(strings.Replace(plain, `method=`, `target="result" method=`, 1) + `<iframe name="result" id="result" title="Result"></iframe>`)
	b.click("#send")
	const frame = "document.getElementById('result').contentWindow"
	b.until(frame + ".location.pathname !== 'blank'")
	if at := eval[string](b, frame+".location.pathname"); at != "/welcome" {
		t.Errorf("the frame shows %s", at)
	}
	n.expect("/signup", url.Values{"name": {"Ada"}})
}
