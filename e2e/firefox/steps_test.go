package firefox

import (
	"net/url"
	"testing"
)

// A page without the gateway may send a form twice on a double click.
func TestADoubleClickIsOneSubmission(t *testing.T) {
	t.Parallel()
	v := behind(t, firefox, page{Body: plain}, aForm)
	fill(v)
	v.press(`document.querySelector('#send')`, 2)
	v.arrives("/done")
	v.expect("/send", url.Values{"name": {"Ada & co"}})
}

// Firefox shows the page as it was left, with its scripts.
func TestAPersonGoesBackAndSendsAgain(t *testing.T) {
	t.Parallel()
	v := behind(t, firefox, page{Body: plain}, aForm)
	person(v)
	v.do("history.back()")
	v.arrives("/")
	v.until("document.querySelector('[name=name]').value === 'Ada & co'")
	fill(v)
	v.press(`document.querySelector('#send')`, 1)
	v.arrives("/done")
	v.effects(2)
	if _, refused := v.said(); len(refused) > 0 {
		t.Errorf("refused: %q", refused)
	}
}

const aLink = "forms: [{route: GET /unsubscribe, sessions: true}]"

// A link that changes something passes from a page of the app. From elsewhere the visitor
// takes a step, and then follows the link.
func TestALinkThatChangesSomething(t *testing.T) {
	t.Parallel()
	p := page{Body: `<a href="/unsubscribe?mail=1">Unsubscribe</a>`}
	t.Run("passes from a page of the app", func(t *testing.T) {
		t.Parallel()
		v := behind(t, firefox, p, aLink)
		session(func(v *visit) { v.press("document.querySelector('a')", 1) })(v)
		v.arrives("/done")
		v.effects(1)
	})
	t.Run("is followed after a step, from a mail", func(t *testing.T) {
		t.Parallel()
		v := newVisit(t, firefox, p, aLink)
		v.must(v.goTo(v.base + "/unsubscribe?mail=1"))
		v.until(step)
		v.effects(0)
		v.press(checkbox, 1)
		v.arrives("/done")
		v.effects(1)
	})
}

// behind opens the page of an app behind a gateway.
func behind(t *testing.T, in *browser, p page, settings string) *visit {
	t.Helper()
	v := newVisit(t, in, p, settings)
	v.must(v.goTo(v.base + "/"))
	return v
}

// expect checks that one form reached the app, with just the app's own fields.
func (v *visit) expect(target string, fields url.Values) {
	v.t.Helper()
	v.effects(1)
	got := v.app.writes()[0]
	if body, _ := url.ParseQuery(got.body); got.target != target || body.Encode() != fields.Encode() {
		v.t.Errorf("the app got %q at %s, want %q at %s", got.body, got.target, fields.Encode(), target)
	}
	if got.header.Get("Palisade-Verdict") == "" {
		v.t.Error("it was not judged")
	}
}

// full is a form with all that a challenge page keeps.
const full = `<form id="f" method="post" action="/send?a=b"><input name="name" aria-label="Name"><textarea name="about" aria-label="About"></textarea><input type="hidden" name="many" value="1"><input type="hidden" name="many" value="2"><button id="send" name="go" value="yes">Send</button></form>`

var kept = url.Values{"name": {`Ada "1" & <co> ü`}, "about": {"line one\r\nline two"}, "many": {"1", "2"}, "go": {"yes"}}

// writes fills the full form in and sends it by keyboard. The click gives the window the focus.
func writes(v *visit) {
	v.t.Helper()
	v.press("document.querySelector('[name=name]')", 1)
	v.must(v.keys(`Ada "1" & <co> ü` + tabKey + "line one" + enter + "line two" + tabKey + enter))
	v.arrives("/send")
}

const (
	checkbox = "document.querySelector('altcha-widget input[type=checkbox]')"
	step     = checkbox + "?.getBoundingClientRect().width"
)

// Without our scripts a form meets the challenge page.
var unproven = page{Body: full, policy: "script-src 'none'"}

// It runs alone, because windows of one browser take the focus from each other, and the Tab
// key needs it. Other tests with this key have a browser of their own.
func TestTheStepIsTakenByKeyboardAlone(t *testing.T) {
	for name, keys := range map[string]string{"by the space bar": tabKey + space, "by Enter": tabKey + enter} {
		t.Run(name, func(t *testing.T) {
			v := behind(t, firefox, unproven, aForm)
			writes(v)
			v.until(step)
			v.must(v.keys(keys))
			v.arrives("/done")
			v.expect("/send?a=b", kept)
		})
	}
}

// special starts a browser of its own for a test.
func special(t *testing.T, settings ...string) *browser {
	t.Helper()
	b, stop, err := start(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return b
}

// A cookie binds what a challenge page keeps to the browser. Without cookies the page shows the
// typed values once more as plain fields, and a second step sends them.
func TestWithCookiesBlocked(t *testing.T) {
	t.Parallel()
	blocked := special(t, `"network.cookie.cookieBehavior", 2`)
	check := func(v *visit) {
		v.t.Helper()
		if v.text("(document.cookie = 'a=b', document.cookie)") != "" {
			v.t.Fatal("the browser takes cookies, so nothing is tested")
		}
	}
	t.Run("a form passes silently", func(t *testing.T) {
		v := behind(t, blocked, page{Body: plain}, aForm)
		check(v)
		person(v)
		v.expect("/send", url.Values{"name": {"Ada & co"}})
	})
	t.Run("a fetch passes", func(t *testing.T) {
		v := behind(t, blocked, page{Body: plain}, anything)
		check(v)
		if got := v.text(`fetch('/send', {method: 'POST', body: 'N'}).then(a => a.text())`); got != "Thank you" {
			t.Errorf("the page got %q", got)
		}
		v.effects(1)
	})
	t.Run("a challenged form passes by two steps", func(t *testing.T) {
		v := behind(t, blocked, unproven, aForm)
		check(v)
		writes(v)
		v.until(step + " && document.querySelector('[name=palisade-capsule]')")
		v.must(v.keys(tabKey + space))
		v.until("document.querySelector('form [name=name]') && !document.querySelector('[name=palisade-capsule]')")
		v.until(step)
		v.effects(0)
		v.press(checkbox, 1)
		v.arrives("/done")
		v.expect("/send?a=b", kept)
	})
}

// The page's instructions work: allow scripts, reload, and agree to send again.
func TestWithoutJavaScriptThePageSaysWhatToDo(t *testing.T) {
	t.Parallel()
	b := special(t)
	v := newVisit(t, b, page{Body: full}, aForm)
	v.must(b.set(`"javascript.enabled", false`))
	v.must(v.goTo(v.base + "/"))
	writes(v)
	v.until("document.body.innerText.includes('needs JavaScript')")
	if v.text("String(document.getElementById('palisade-send').checkVisibility())") == "true" {
		t.Error("there is a button that can do nothing")
	}
	v.effects(0)
	v.must(b.set(`"javascript.enabled", true`))
	v.must(v.reload())
	v.until(step)
	v.must(v.keys(tabKey + space))
	v.arrives("/done")
	v.expect("/send?a=b", kept)
}

// Settings for privacy change clocks, storage and what scripts see.
func TestWithSettingsForPrivacy(t *testing.T) {
	t.Parallel()
	for name, setting := range map[string]string{
		"a private window":             `"browser.privatebrowsing.autostart", true`,
		"resistance to fingerprinting": `"privacy.resistFingerprinting", true`,
	} {
		t.Run(name, func(t *testing.T) {
			b := special(t, setting)
			form := behind(t, b, page{Body: plain}, aForm)
			person(form)
			form.expect("/send", url.Values{"name": {"Ada & co"}})
			script := behind(t, b, page{Body: plain}, anything)
			if got := script.text(`fetch('/send', {method: 'POST', body: 'N'}).then(a => a.text())`); got != "Thank you" {
				t.Errorf("the page got %q", got)
			}
			script.effects(1)
			challenged := behind(t, b, unproven, aForm)
			writes(challenged)
			challenged.until(step)
			challenged.press(checkbox, 1)
			challenged.arrives("/done")
			challenged.expect("/send?a=b", kept)
		})
	}
}
