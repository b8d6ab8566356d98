package firefox

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/e2e/apps"
)

const (
	// patience is how long a test waits for what should happen. It measures nothing.
	patience = time.Minute

	// quiet is how long a test waits for what should not happen, such as a second effect.
	quiet = time.Second
)

// firefox is the one browser of most tests. It is set before the first test and never changes.
var firefox *browser

func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("3") // the tests wait most of the time
	}
	status := func() int {
		b, stop, err := start()
		if err != nil {
			fmt.Fprintln(os.Stderr, "firefox:", err)
			return 1
		}
		defer stop()
		firefox = b
		return m.Run()
	}()
	apps.Clean()
	os.Exit(status)
}

// Settings of the gateway's site.
const (
	aForm    = "forms: [{route: POST /send, min_fill: 0s, limits: []}]"
	anything = "protect: auto"
)

// gateway starts palisade serve in front of an app.
func gateway(t *testing.T, upstream, settings string) string {
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), "127.0.0.1:"+apps.FreePort(t)
	text := fmt.Sprintf(apps.ObservedYAML+"listen: %s\nadmin: \"off\"\nsites:\n  - {host: \"*\", upstream: %q, script: true, %s}\n", address, upstream, settings)
	if err := os.WriteFile(filepath.Join(dir, "palisade.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	apps.Run(t, dir, nil, "http://"+address+"/.palisade/palisade.js", file, "serve", "-config", "palisade.yaml")
	return "http://" + address
}

var visits atomic.Int64

// own returns a server's URL with a host name that no other run uses, because cookies belong
// to a host with all its ports.
func own(url string) string {
	return strings.Replace(url, "127.0.0.1", fmt.Sprintf("visit%d.localhost", visits.Add(1)), 1)
}

// visit is one visit of an app's page.
type visit struct {
	*window
	t    *testing.T
	app  *app
	base string
}

// newVisit opens a window for an app, behind a gateway if there are settings for it.
func newVisit(t *testing.T, in *browser, p page, settings string) *visit {
	t.Helper()
	a := newApp(t, p)
	url := a.url
	if settings != "" {
		url = gateway(t, url, settings)
	}
	w, err := in.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	return &visit{window: w, t: t, app: a, base: own(url)}
}

func (v *visit) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *visit) do(script string) {
	v.t.Helper()
	_, err := v.evaluate(script)
	v.must(err)
}

func (v *visit) text(expression string) (text string) {
	v.t.Helper()
	v.must(v.eval(&text, expression))
	return text
}

// until waits until a condition is true in the page, across navigations.
func (v *visit) until(condition string) {
	v.t.Helper()
	var last error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var yes bool
		if last = v.eval(&yes, "!!("+condition+")"); last == nil && yes {
			return
		}
	}
	var where string
	_ = v.eval(&where, "location.pathname + ' ' + document.body.innerText.slice(0, 300)")
	errors, refused := v.said()
	v.t.Fatalf("it never came to %s (%v); the page is %s; the console said %q; refused: %q", condition, last, where, errors, refused)
}

func (v *visit) arrives(path string) {
	v.t.Helper()
	v.until(fmt.Sprintf("location.pathname === %q && document.readyState === 'complete'", path))
}

// press clicks on the element that an expression finds.
func (v *visit) press(expression string, times int) {
	v.t.Helper()
	found, err := v.evaluate(expression)
	v.must(err)
	if found.SharedID == "" {
		v.t.Fatalf("%s is no element but %s", expression, found.Type)
	}
	v.must(v.click(found.SharedID, times))
}

// effects waits until so many requests have reached the app, and then for one more, which
// should not come.
func (v *visit) effects(count int) {
	v.t.Helper()
	for deadline := time.Now().Add(patience); len(v.app.writes()) < count && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(quiet)
	if got := v.app.writes(); len(got) != count {
		errors, refused := v.said()
		v.t.Fatalf("%d requests reached the app, want %d: %+v; the console said %q; refused: %q", len(got), count, got, errors, refused)
	}
}

// outcome is what a visit came to, in words that two visits share.
type outcome struct {
	writes, errors, refused []string
	notes                   string
}

func (v *visit) outcome() (o outcome) {
	v.t.Helper()
	for _, w := range v.app.writes() {
		o.writes = append(o.writes, w.describe(v.base))
		for name := range w.header {
			if strings.HasPrefix(name, "Palisade-") && name != "Palisade-Verdict" {
				v.t.Errorf("the app got the header %s", name)
			}
		}
	}
	slices.Sort(o.writes) // some rows send several at once
	o.errors, o.refused = v.said()
	for _, list := range [][]string{o.errors, o.refused} {
		for i := range list {
			list[i] = neutral(list[i], v.base)
		}
	}
	o.notes = neutral(v.text("window.name"), v.base)
	return o
}

func (o outcome) String() string {
	return fmt.Sprintf("the app got %s\n\tthe console said %q\n\trefused: %q\n\tthe page noted %s",
		strings.Join(o.writes, "\n\t"), o.errors, o.refused, o.notes)
}

// compare runs a row directly and through the gateway.
func compare(t *testing.T, in *browser, r row, p page) {
	t.Helper()
	var outcomes [2]outcome
	for i, settings := range []string{"", r.settings} {
		v := newVisit(t, in, p, settings)
		v.must(v.goTo(v.base + "/"))
		r.send(v)
		v.effects(max(r.count, 1))
		if settings != "" {
			for _, w := range v.app.writes() {
				if w.header.Get("Palisade-Verdict") == "" {
					t.Errorf("%s %s was not judged", w.method, w.target)
				}
			}
		}
		outcomes[i] = v.outcome()
	}
	if direct, behind := outcomes[0].String(), outcomes[1].String(); direct != behind {
		t.Errorf("behind the gateway:\n\t%s\nwithout it:\n\t%s", behind, direct)
	}
}
