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

// writes writes into the full form and sends it, by keyboard alone.
func writes(v *visit) {
	v.t.Helper()
	v.must(v.keys(tabKey + `Ada "1" & <co> ü` + tabKey + "line one" + enter + "line two" + tabKey + enter))
	v.arrives("/send")
}

const step = `document.querySelector('altcha-widget input[type=checkbox]')?.getBoundingClientRect().width`

// Without our scripts a form meets the challenge page.
var unproven = page{Body: full, policy: "script-src 'none'"}

func TestTheStepIsTakenByKeyboardAlone(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]string{"by the space bar": tabKey + space, "by Enter": tabKey + enter} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
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
		v.press("document.querySelector('altcha-widget input[type=checkbox]')", 1)
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
			step := behind(t, b, unproven, aForm)
			writes(step)
			step.until(`document.querySelector('altcha-widget input[type=checkbox]')?.getBoundingClientRect().width`)
			step.must(step.keys(tabKey + space))
			step.arrives("/done")
			step.expect("/send?a=b", kept)
		})
	}
}
