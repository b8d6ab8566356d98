package signals

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// site is an app with a sign-up page. It counts what reaches it.
type site struct {
	mu   sync.Mutex
	last []string // username, email and text of the last sign-up
	n    int

	watched []json.RawMessage // with -events: what the page saw
}

// Where the fields are in the page, in CSS pixels. A person sees them; a stand-in for one
// knows them.
var (
	userBox   = box{40, 132, 320, 36}
	emailBox  = box{40, 222, 320, 36}
	aboutBox  = box{40, 312, 420, 110}
	submitBox = box{300, 460, 150, 44}
)

type box struct{ x, y, w, h float64 }

func (b box) style() string {
	return fmt.Sprintf("position:absolute;box-sizing:border-box;left:%gpx;top:%gpx;width:%gpx;height:%gpx", b.x, b.y, b.w, b.h)
}

// where is a script of the page that says in its title where the page is on the screen. A
// stand-in reads the title of the window, because it has no other way to look.
const where = `(() => {
  const tell = () => {
    const x = window.mozInnerScreenX ?? screenX + (outerWidth - innerWidth) / 2;
    const y = window.mozInnerScreenY ?? screenY + outerHeight - innerHeight;
    const title = 'Sign up at ' + [x * devicePixelRatio, y * devicePixelRatio, innerWidth, innerHeight].map(Math.round).join(' ') + ' scale ' + devicePixelRatio + (document.hasFocus() ? ' focused' : ' unfocused') + ' ' + (document.activeElement?.name || '-');
    if (document.title !== title) document.title = title;
  };
  addEventListener('load', () => { tell(); setInterval(tell, 200); });
})()`

// watch is a script that records what a page can see: of the browser when it begins, and of
// mouse and keyboard from then on. Only runs with -events have it in the page.
const watch = `(() => {
  const gl = document.createElement('canvas').getContext('webgl'), info = gl?.getExtension('WEBGL_debug_renderer_info');
  let seen = [{
    type: 'browser', agent: navigator.userAgent, brands: navigator.userAgentData?.brands, webdriver: navigator.webdriver, languages: navigator.languages,
    plugins: navigator.plugins.length, cores: navigator.hardwareConcurrency, memory: navigator.deviceMemory, touch: navigator.maxTouchPoints, chrome: Object.keys(window.chrome ?? {}),
    outer: [outerWidth, outerHeight], inner: [innerWidth, innerHeight], screen: [screen.width, screen.height, screen.availWidth, screen.availHeight], at: [screenX, screenY],
    hover: matchMedia('(hover: hover)').matches, fine: matchMedia('(pointer: fine)').matches, notification: window.Notification?.permission,
    renderer: gl && gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER), focus: document.hasFocus(), visible: document.visibilityState,
  }];
  const send = () => { if (seen.length) navigator.sendBeacon('/events', JSON.stringify(seen)); seen = []; };
  const see = e => {
    const one = {type: e.type, t: e.timeStamp, on: e.target?.name || e.target?.id || e.target?.localName, trusted: e.isTrusted};
    for (const name of ['clientX', 'clientY', 'screenX', 'screenY', 'movementX', 'movementY', 'button', 'buttons', 'detail', 'pressure', 'pointerType', 'code', 'repeat', 'inputType'])
      if (e[name] !== undefined && e[name] !== '') one[name] = e[name];
    if (e.type === 'pointermove') one.coalesced = e.getCoalescedEvents?.().map(c => [c.timeStamp, c.clientX, c.clientY]);
    seen.push(one);
    if (seen.length >= 60) send();
  };
  for (const type of ['pointermove', 'pointerdown', 'pointerup', 'mousemove', 'mousedown', 'mouseup', 'click', 'keydown', 'keyup', 'beforeinput', 'input', 'change', 'paste', 'focusin', 'focusout', 'wheel', 'scroll', 'submit', 'visibilitychange'])
    addEventListener(type, see, {capture: true, passive: true});
  addEventListener('focus', see);
  addEventListener('blur', see);
  addEventListener('pagehide', send);
})()`

// eventsOrNot is what the page begins with.
func eventsOrNot() string {
	if *events == "" {
		return ""
	}
	return "<script>" + watch + "</script>"
}

var page = fmt.Sprintf(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Loading</title><link rel="icon" href="data:,">
<style>body{font:16px sans-serif;height:700px}input,textarea,button{font:inherit}</style><script>%s</script></head>
<body><h1 style="position:absolute;left:40px;top:20px">Sign up</h1>
<form method="post" action="/signup">
<label for="username" style="position:absolute;left:40px;top:108px">Name</label><input id="username" name="username" autocomplete="on" style="%s">
<label for="email" style="position:absolute;left:40px;top:198px">E-mail</label><input id="email" name="email" type="email" style="%s">
<label for="about" style="position:absolute;left:40px;top:288px">About you</label><textarea id="about" name="about" style="%s"></textarea>
<button id="submit" style="%s">Sign up</button>
</form></body></html>
`, where, userBox.style(), emailBox.style(), aboutBox.style(), submitBox.style())

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch {
	case r.URL.Path == "/signup" && r.Method == http.MethodPost:
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.n++
		s.last = []string{r.PostForm.Get("username"), r.PostForm.Get("email"), r.PostForm.Get("about")}
		s.mu.Unlock()
		http.Redirect(w, r, "/done", http.StatusSeeOther)
	case r.URL.Path == "/signup":
		fmt.Fprint(w, strings.Replace(page, "<style>", eventsOrNot()+"<style>", 1))
	case r.URL.Path == "/events" && r.Method == http.MethodPost:
		var some []json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&some); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.watched = append(s.watched, some...)
		s.mu.Unlock()
	case r.URL.Path == "/done":
		fmt.Fprint(w, `<!doctype html><html lang="en"><head><title>Done</title><link rel="icon" href="data:,"></head><body><p id="done">Thank you</p></body></html>`)
	default:
		http.NotFound(w, r)
	}
}

func (s *site) accepted() (n int, last []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n, slices.Clone(s.last)
}

// events returns what the page saw since the last call.
func (s *site) events() []json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	watched := s.watched
	s.watched = nil
	return watched
}

// lane is a place for one run at a time: an app, a gateway in front of it, and a screen. What
// the gateway logs while a run is in the lane is about this run.
type lane struct {
	site    *site
	base    string // of the gateway; localhost, where browsers have all they have over HTTPS
	display string
	log     *logged
}

func newLane(t *testing.T) *lane {
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	l := &lane{site: &site{}, log: &logged{}}
	app := httptest.NewServer(l.site)
	t.Cleanup(app.Close)

	dir, port := t.TempDir(), apps.FreePort(t)
	config := fmt.Sprintf(`listen: 127.0.0.1:%s
admin: "off"
log: {level: debug, sample: 0}
sites:
  - host: "*"
    upstream: %s
    forms: [{route: POST /signup, limits: [], min_fill: 1s}]
`, port, app.URL)
	if err := os.WriteFile(filepath.Join(dir, "palisade.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	gateway := exec.Command(file, "serve", "-config", "palisade.yaml")
	gateway.Dir, gateway.Stderr = dir, l.log
	start(t, gateway)
	l.base = "http://localhost:" + port
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(l.base + "/.palisade/healthz"); err == nil {
			resp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("palisade serve does not start:\n%s", l.log.text())
		}
	}
	l.display = screen(t)
	return l
}

// screen starts an X server without a window manager and returns its name. A key repeats late:
// on a busy machine it may be held for longer than meant.
func screen(t *testing.T) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1920x1400x24", "-ardelay", "2000", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{write}
	start(t, x)
	write.Close()
	var number int
	if _, err := fmt.Fscan(read, &number); err != nil {
		t.Fatalf("Xvfb does not start: %v", err)
	}
	return fmt.Sprint(":", number)
}

// start starts a program that ends with the test.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	p, err := begin(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
}

// decision is what the gateway logs of one.
type decision struct {
	Outcome  string
	Reason   string
	Level    int
	Findings []finding
}

// logged takes the gateway's log and keeps the decisions.
type logged struct {
	mu        sync.Mutex
	all, part []byte
	decisions []decision
	err       error
}

func (l *logged) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, text...)
	l.part = append(l.part, text...)
	for {
		line, rest, whole := bytes.Cut(l.part, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		l.part = rest
		d, is, err := readDecision(line)
		if err != nil {
			l.err = errors.Join(l.err, err)
		}
		if is {
			l.decisions = append(l.decisions, d)
		}
	}
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.all)
}

// since returns the decisions from the nth on.
func (l *logged) since(n int) []decision {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.decisions[n:])
}

func (l *logged) count() int { return len(l.since(0)) }

func readDecision(line []byte) (d decision, is bool, err error) {
	var entry struct{ Decision json.RawMessage }
	if json.Unmarshal(line, &entry) != nil || entry.Decision == nil {
		return d, false, nil // what it prints as it starts, or another event
	}
	if err := json.Unmarshal(entry.Decision, &d); err != nil {
		return d, false, fmt.Errorf("a decision of the log: %w\n%s", err, line)
	}
	// The members have their order by a decoder of tokens only.
	tokens := json.NewDecoder(bytes.NewReader(entry.Decision))
	if _, err := tokens.Token(); err != nil {
		return d, false, err
	}
	for tokens.More() {
		name, err := tokens.Token()
		if err != nil {
			return d, false, err
		}
		var value json.RawMessage
		if err := tokens.Decode(&value); err != nil {
			return d, false, err
		}
		if rest, found := strings.CutPrefix(fmt.Sprint(name), "finding."); found {
			layer, reason, _ := strings.Cut(rest, ".")
			var weight float64
			if err := json.Unmarshal(value, &weight); err != nil {
				return d, false, fmt.Errorf("%s: %w", name, err)
			}
			d.Findings = append(d.Findings, finding{Layer: layer, Reason: reason, Weight: weight})
		}
	}
	return d, true, nil
}
