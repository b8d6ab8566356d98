package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

func TestAPersonFillsTheFormByKeyboardAndSeesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := open(s, "/")
	for _, text := range []string{tabKey, "ada", tabKey, "ada@example.org", tabKey, "Likes engines", tabKey} {
		b.keys(text)
	}
	b.until("document.activeElement.id === 'send'") // nothing of ours is in the way of the Tab key
	b.keys(enter)
	b.arrives("/welcome")
	s.expect(1, "allow clean")
	s.expectTyped(map[string]string{"username": "ada", "email": "ada@example.org", "about": "Likes engines"})
}

var typed = map[string]string{"username": "ada", "email": "ada@example.org", "about": "Likes engines & cats"}

// A form is sent exactly once and unchanged, however and however early the person sends it.
func TestASubmitIsHeldUntilTheProofIsThereAndGoesExactlyOnce(t *testing.T) {
	t.Parallel()
	button := func(attributes string) string {
		return strings.Replace(signup, `<button id="send">`, `<button id="send" `+attributes+`>`, 1)
	}
	tests := map[string]struct {
		markup string
		script string
		send   func(b *tab)
		want   map[string]string
		path   string // of the page after the submission
	}{
		"a click before any focus": {
			send: func(b *tab) { b.click("#send") },
		},
		"Enter in a field": {
			send: func(b *tab) { b.do("document.querySelector('[name=email]').focus()"); b.keys(enter) },
		},
		"a click long after the proof": {
			send: func(b *tab) {
				b.do("document.querySelector('[name=email]').focus()")
				b.until("seen.events.includes('palisade:solved')")
				b.click("#send")
			},
		},
		"requestSubmit": {
			send: func(b *tab) { b.do("f.requestSubmit()") },
		},
		"requestSubmit with a button": {
			markup: button(`name="action" value="save"`),
			send:   func(b *tab) { b.do("f.requestSubmit(send)") },
			want:   map[string]string{"action": "save"},
		},
		"submit, which sends no event": {
			send: func(b *tab) { b.do("f.submit()") },
		},
		"submit twice": {
			send: func(b *tab) { b.do("f.submit(); f.submit()") },
		},
		"submit of a form that has a field called submit": {
			markup: button(`name="submit" value="go"`),
			send:   func(b *tab) { b.do("HTMLFormElement.prototype.submit.call(f)") },
		},
		"a click on a button called submit": {
			markup: button(`name="submit" value="go"`),
			send:   func(b *tab) { b.click("#send") },
			want:   map[string]string{"submit": "go"},
		},
		"a button with a name, a value and an address of its own": {
			markup: button(`name="action" value="draft" formaction="/signup?draft=1"`),
			send:   func(b *tab) { b.click("#send") },
			want:   map[string]string{"action": "draft", "path": "/signup?draft=1"},
		},
		"a button that sends files": {
			markup: strings.Replace(button(`formenctype="multipart/form-data"`), "FIELDS", `<input type="file" name="photo" aria-label="Photo">FIELDS`, 1),
			send: func(b *tab) {
				b.do(`const list = new DataTransfer(); list.items.add(new File(['x'], 'a.png')); f.photo.files = list.files`)
				b.click("#send")
			},
			want: map[string]string{"photo": "file:a.png"},
		},
		"a button that the page disables at the click": {
			markup: button(`name="action" value="save"`),
			script: `send.addEventListener('click', () => setTimeout(() => { send.disabled = true; }))`,
			send:   func(b *tab) { b.click("#send") },
			want:   map[string]string{"action": "save"},
		},
		"a button that the page removes": {
			script: `send.addEventListener('click', () => setTimeout(() => { send.remove(); }))`,
			send:   func(b *tab) { b.click("#send") },
		},
		"a handler that adds a field": {
			script: `f.addEventListener('submit', () => { const i = document.createElement('input'); i.type = 'hidden'; i.name = 'runs'; i.value = (window.runs = (window.runs ?? 0) + 1); f.append(i); })`,
			send:   func(b *tab) { b.click("#send") },
			want:   map[string]string{"runs": "1"},
		},
		"requestSubmit after the page put its own values back": {
			send: func(b *tab) {
				b.do("document.querySelector('[name=email]').focus()")
				b.until("seen.events.includes('palisade:solved')")
				b.do("for (const field of f.querySelectorAll('[name^=palisade]')) field.value = ''")
				b.do("f.requestSubmit()")
			},
		},
		"a double click": {
			send: func(b *tab) { b.clicks("#send", 2) },
		},
		"a double click long after the proof": {
			send: func(b *tab) {
				b.do("document.querySelector('[name=email]').focus()")
				b.until("seen.events.includes('palisade:solved')")
				b.clicks("#send", 2)
			},
		},
		"Enter four times": {
			send: func(b *tab) {
				b.do("document.querySelector('[name=email]').focus()")
				b.keys(enter + enter + enter + enter)
			},
		},
		"a handler that fetches": {
			script: fetchHandler,
			send:   func(b *tab) { b.click("#send") },
			path:   "/#200",
		},
		"a double click on a handler that fetches": {
			script: fetchHandler,
			send:   func(b *tab) { b.clicks("#send", 2) },
			path:   "/#200",
		},
		"a double click on a handler that fetches, long after the proof": {
			script: fetchHandler,
			send: func(b *tab) {
				b.do("document.querySelector('[name=email]').focus()")
				b.until("seen.events.includes('palisade:solved')")
				b.clicks("#send", 2)
			},
			path: "/#200",
		},
		"a handler that checks first and submits then": {
			script: `f.addEventListener('submit', async e => { e.preventDefault(); await new Promise(r => setTimeout(r, 50)); f.submit(); })`,
			send:   func(b *tab) { b.click("#send") },
		},
		"a handler that stops the event": {
			script: `f.addEventListener('submit', e => e.stopImmediatePropagation())`,
			send:   func(b *tab) { b.click("#send") },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if test.markup != "" {
				s.markup = test.markup
			}
			s.script = test.script
			b := open(s, "/")
			b.fill(typed)
			test.send(b)
			if test.path == "" {
				b.arrives("/welcome")
			} else {
				b.until("location.pathname + location.hash === %q", test.path)
			}
			b.settle()
			s.expect(1, "allow clean")
			s.expectTyped(typed)
			s.expectTyped(test.want)
		})
	}
}

// fetchHandler sends the form by fetch and puts the status into the address.
const fetchHandler = `f.addEventListener('submit', async e => {
  e.preventDefault();
  const answer = await fetch(f.action, {method: 'POST', headers: {Accept: 'application/json'}, body: new URLSearchParams(new FormData(f))});
  window.answer = await answer.json();
  location.hash = (location.hash ? location.hash + ',' : '') + answer.status;
})`

// settle waits for a second submission, which should not come, and releases one that is
// held.
func (b *tab) settle() {
	b.t.Helper()
	time.Sleep(300 * time.Millisecond)
	b.until("!document.querySelector('[aria-busy=true]')")
	time.Sleep(300 * time.Millisecond)
}

func TestAFormThatIsFetchedCanBeSentAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.script = fetchHandler
	b := open(s, "/")
	b.fill(typed)
	b.do("f.requestSubmit()")
	b.until("location.hash === '#200'")
	b.do("f.requestSubmit()")
	b.until("location.hash === '#200,200'")
	s.expect(2, "allow clean, allow clean")
	if s.tickets[0] == s.tickets[1] {
		t.Error("both times with one ticket")
	}
}

// A page may insert its form's markup more than once.
func TestAFormThatIsShownAgainHasAFreshTicket(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.script = `const again = f.outerHTML;` + fetchHandler + `
addEventListener('hashchange', () => { if (location.hash === '#200') { f.outerHTML = again; document.getElementById('f').username.value = 'bea'; } })`
	b := open(s, "/")
	b.fill(typed)
	b.click("#send")
	b.until("document.getElementById('f').username.value === 'bea'")
	b.click("#send")
	b.arrives("/welcome")
	s.expect(2, "allow clean, allow clean")
	s.expectTyped(map[string]string{"username": "bea"})
}

// The script holds the submission of a quick person. The server does not challenge it.
func TestASubmitWaitsUntilTheTicketIsOldEnough(t *testing.T) {
	t.Parallel()
	const quick = 10 * time.Second // more than a busy machine takes to fill the form in
	for _, always := range []bool{false, true} {
		t.Run(fmt.Sprintf("asks %v", always), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
				f.MinFill = quick
				if always {
					f.Ask = palisade.Always
				}
			})
			s.wait = quick
			b := open(s, "/")
			b.fill(typed)
			if always {
				b.stepShown()
			}
			b.click("#send")
			b.until("document.querySelector('.palisade-status').textContent === 'Checking…'")
			b.arrives("/welcome")
			s.expect(1, "allow clean")
		})
	}
}

func TestAFormWhoseAnswerOpensElsewhereCanBeSentAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.markup = strings.Replace(signup, `<form `, `<iframe name="there" title="Answer"></iframe><form target="there" `, 1)
	b := open(s, "/")
	for n := range 2 {
		b.fill(map[string]string{"username": fmt.Sprint("ada", n)})
		b.do("f.requestSubmit()")
		s.until(func() bool { return len(s.effects) > n })
		b.settle()
	}
	s.expect(2, "allow clean, allow clean")
}

func TestTheTicketIsRenewed(t *testing.T) {
	t.Parallel()
	// clocks sets both clocks ahead.
	clocks := func(s *site, b *tab, d time.Duration) {
		s.ahead(d)
		b.do("const now = Date.now; Date.now = () => now() + %d", d.Milliseconds())
	}
	tests := map[string]func(s *site, b *tab){
		"when it expires while the page is open": func(s *site, b *tab) {
			clocks(s, b, 5*time.Hour)
		},
		"when it expires after the proof": func(s *site, b *tab) {
			b.do("document.querySelector('[name=email]').focus()")
			b.until("seen.events.includes('palisade:solved')")
			clocks(s, b, 5*time.Hour)
		},
	}
	for name, wait := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := open(s, "/")
			b.fill(typed)
			first := eval[string](b, "f.querySelector('[name=palisade-ticket]').value")
			decoys := eval[[]string](b, decoyNames)
			wait(s, b)
			b.click("#send")
			b.arrives("/welcome")
			s.expect(1, "allow clean")
			s.expectTyped(typed)
			if s.tickets[0] == first {
				t.Error("the old ticket was sent")
			}
			for _, old := range decoys {
				if _, sent := s.done()[0][old]; sent {
					t.Errorf("the decoy %s of the old ticket was sent", old)
				}
			}
		})
	}
}

const decoyNames = "[...document.querySelectorAll('.palisade-aside input')].map(i => i.name)"

// Many clocks are wrong by hours. No visitor may lose a ticket by that.
func TestAVisitorsClockIsWrong(t *testing.T) {
	t.Parallel()
	for _, hours := range []int{-30, -5, 5, 30} {
		t.Run(fmt.Sprintf("by %d hours", hours), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.cached = true
			b := blank(t)
			b.beforeScripts("const now = Date.now; Date.now = () => now() + %d * 3600e3", hours)
			b.goTo(s.url + "/")
			b.fill(typed)
			b.do("document.querySelector('[name=email]').focus()")
			b.until("seen.events.includes('palisade:solved')")
			b.click("#send")
			b.arrives("/welcome")
			s.expect(1, "allow clean")
			if s.fetched != 1 {
				t.Errorf("%d tickets were fetched", s.fetched)
			}
		})
	}
}

// If the script cannot get a new ticket, it keeps the old one: the server knows how to judge
// it.
func TestAnOldTicketIsBetterThanNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.csp = "connect-src 'none'"
	b := blank(t)
	b.beforeScripts("const now = Date.now; Date.now = () => now() + 30 * 3600e3")
	b.goTo(s.url + "/")
	b.fill(typed)
	b.click("#send")
	b.arrives("/welcome")
	s.expect(1, "allow clean")
}

// While the answer is slow, a visitor who sends again sends the same submission, and the
// server answers it once.
func TestAnImpatientVisitorSendsOnce(t *testing.T) {
	t.Parallel()
	for _, send := range []string{"send.click()", "f.submit()"} {
		t.Run(send, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			twice := make(chan struct{})
			s.answers = func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-twice:
				case <-r.Context().Done():
				}
				http.Redirect(w, r, "/welcome", http.StatusSeeOther)
			}
			b := open(s, "/")
			b.fill(typed)
			b.do("document.querySelector('[name=email]').focus()")
			b.until("seen.events.includes('palisade:solved')")
			b.do(`setTimeout(() => { const now = Date.now; Date.now = () => now() + 20e3; %s }, 500); %[1]s`, send)
			s.until(func() bool { return len(s.tickets) == 2 })
			close(twice)
			b.arrives("/welcome")
			s.expect(1, "allow clean, deny duplicate")
		})
	}
}

func TestAPageFromTheBackForwardCacheSendsAFreshTicket(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := open(s, "/")
	b.do("const now = Date.now(); Date.now = () => now") // to come back takes no time here, but is no double click
	b.keys(tabKey + "ada")
	b.keys(enter)
	b.arrives("/welcome")
	b.do("history.back()")
	b.arrives("/")
	if shows := eval[[]bool](b, "seen.shows"); !slices.Equal(shows, []bool{false, true}) {
		t.Fatalf("pageshow.persisted was %v: the page did not come from the cache, so nothing is tested", shows)
	}
	b.until("document.querySelector('[name=palisade-proof]').value")
	b.do("document.querySelector('[name=username]').focus()")
	b.keys("b" + enter)
	b.arrives("/welcome")
	s.expect(2, "allow clean, allow clean")
	s.expectTyped(map[string]string{"username": "adab"})
}

// A browser that goes back without that cache puts old values into new fields.
func TestAPageThatIsLoadedAgainSendsAFreshTicket(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.script = "addEventListener('unload', () => {})" // keeps it out of the cache
	b := open(s, "/")
	b.keys(tabKey + "ada")
	b.keys(enter)
	b.arrives("/welcome")
	b.do("history.back()")
	b.arrives("/")
	if shows := eval[[]bool](b, "seen.shows"); !slices.Equal(shows, []bool{false}) {
		t.Fatalf("pageshow.persisted was %v: the page came from the cache, so nothing is tested", shows)
	}
	if !eval[bool](b, "[...f.querySelectorAll('[name^=palisade]')].every(field => field.getAttribute('autocomplete') === 'off')") {
		t.Error("browsers may put old values into the fields at a reload, too")
	}
	b.click("#send")
	b.arrives("/welcome")
	s.expect(2, "allow clean, allow clean")
}

func TestACachedPageFetchesItsTicket(t *testing.T) {
	t.Parallel()
	tests := map[string]func(b *tab){
		"at the first focus": func(b *tab) {
			b.do("document.querySelector('[name=email]').focus()")
			b.until("document.querySelector('[name=palisade-proof]').value")
			b.click("#send")
		},
		"at a submit before any focus": func(b *tab) { b.click("#send") },
	}
	for name, send := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.cached = true
			b := open(s, "/")
			if fields := eval[[]string](b, "[...new FormData(f).entries()].map(e => e[1]).filter(Boolean)"); len(fields) > 0 {
				t.Fatalf("the cached page has values: %q", fields)
			}
			b.fill(typed)
			send(b)
			b.arrives("/welcome")
			s.expect(1, "allow clean") // decoys included
			s.expectTyped(typed)
		})
	}
}

func TestTwoFormsOfAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.script = fetchHandler + `
other.addEventListener('submit', async e => {
  e.preventDefault();
  const answer = await fetch('/other', {method: 'POST', headers: {Accept: 'application/json'}, body: new URLSearchParams(new FormData(other))});
  location.hash = location.hash + ',' + answer.status;
})`
	s.markup = signup + `<form id="other" method="post" action="/other"><input name="q" aria-label="Question">FIELDS:other<button id="send2">Ask</button></form>`
	b := open(s, "/")
	b.fill(typed)
	b.fill(map[string]string{"q": "why"})
	b.click("#send")
	b.until("location.hash === '#200'")
	b.click("#send2")
	b.until("location.hash === '#200,200'")
	s.expect(2, "allow clean, allow clean")
	if got := s.done()[1]; got.Get("path") != "/other" || got.Get("q") != "why" {
		t.Errorf("the second form sent %v", got)
	}
}

func TestAFormThatIsAddedLater(t *testing.T) {
	t.Parallel()
	for _, cached := range []bool{false, true} {
		t.Run(fmt.Sprintf("cached %v", cached), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.cached = cached
			s.markup = `<div id="place"></div><template id="later">` + signup + `</template>` +
				strings.ReplaceAll(signup, `id="f"`, `id="brings-the-script" hidden`)
			b := open(s, "/")
			b.do("place.append(later.content)")
			b.do("place.querySelector('[name=username]').value = 'ada'")
			b.click("#place button")
			b.arrives("/welcome")
			s.expect(1, "allow clean")
			s.expectTyped(map[string]string{"username": "ada"})
		})
	}
}

func TestOtherFormsAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.markup = signup + `<form id="plain" method="post" action="/open"><input name="q" value="x" aria-label="Question"><button id="send2" name="b" value="1">Ask</button></form>` +
		`<dialog id="box"><form method="dialog" id="closing">FIELDS<button id="close">Close</button></form></dialog>`
	b := open(s, "/")
	b.do("SubtleCrypto.prototype.deriveBits = () => new Promise(() => {}); box.showModal()") // no proof ever ends
	b.click("#close")
	b.until("!box.open") // no proof is needed to close a dialog
	b.click("#send2")
	b.arrives("/welcome")
	if got := s.done(); len(got) != 1 || got[0].Get("path") != "/open" || got[0].Get("b") != "1" {
		t.Errorf("the plain form sent %v", got)
	}
}

// A person who changes a field while the submit is held gets the usual message.
func TestAFormThatBecameInvalidIsNotSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := open(s, "/")
	b.fill(typed)
	b.do("f.requestSubmit(); f.email.value = 'not an address'")
	b.until("document.activeElement.name === 'email'")
	b.settle()
	s.expect(0, "")
	b.fill(typed)
	b.click("#send")
	b.arrives("/welcome")
	s.expect(1, "allow clean")
}

func TestAPageSaysThatItChecks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := open(s, "/")
	b.do("crypto.subtle.deriveBits = () => new Promise(() => {})") // takes for ever
	const status = "document.querySelector('.palisade [role=status]')"
	if got := eval[string](b, status+".textContent"); got != "" {
		t.Errorf("before anything happens the status says %q", got)
	}
	b.click("#send")
	b.until(status + ".textContent === 'Checking…' && send.getAttribute('aria-busy') === 'true'")
}

// asks posts JSON with the headers of palisade.js.
const asks = `
window.post = async headers => {
  const answer = await fetch('/signup', {method: 'POST', body: '{"username":"ada"}',
    headers: {...headers, Accept: 'application/json', 'Content-Type': 'application/json'}});
  return {status: answer.status, body: await answer.json()};
};`

func TestAScriptGetsHeadersForEachRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"a page with the form":    signup,
		"a page without the form": `<p>No form.</p>` + strings.ReplaceAll(signup, "FIELDS", "FIELDS:other"),
	}
	for name, markup := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.markup, s.script = markup, asks
			b := open(s, "/")
			statuses := eval[[]int](b, `Promise.all([1, 2, 3].map(async () => (await post(await palisade.headers('signup'))).status))`)
			if !slices.Equal(statuses, []int{200, 200, 200}) {
				t.Errorf("statuses %v", statuses)
			}
			s.expect(3, "allow clean, allow clean, allow clean")
		})
	}
}

func TestAScriptAnswersAChallenge(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.script = asks
	b := open(s, "/")
	statuses := eval[[]int](b, `(async () => {
		const first = await post({});
		const second = await post(await palisade.answer(first.body));
		return [first.status, second.status];
	})()`)
	if !slices.Equal(statuses, []int{http.StatusForbidden, http.StatusOK}) {
		t.Errorf("statuses %v", statuses)
	}
	s.expect(1, "challenge ticket-missing, allow clean")
}
