package fronts

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/e2e/chromium"
)

var (
	all   = flag.Bool("all", false, "run all front ends, not the daily ones alone")
	table = flag.Bool("write", false, "write docs/stacks.md; needs -all")
)

// browser is the one Chromium of all tests. It is set before the first test and never changes.
var browser context.Context

func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("4") // the tests wait most of the time
	}
	status := func() int {
		ctx, stop, err := chromium.Start()
		if err != nil {
			fmt.Fprintln(os.Stderr, "fronts:", err)
			return 1
		}
		defer stop()
		browser = ctx
		return m.Run()
	}()
	apps.Clean()
	os.Exit(status)
}

// columns are the cells of a row, in the order of the table.
var columns = []string{"passes", "bot", "bytes", "console", "page", "effects"}

// result is a row of the table. A cell is empty if it holds.
type result struct {
	cells map[string]string
	took  []time.Duration
}

func TestFrontEndsBehindTheGateway(t *testing.T) {
	if *table && !*all {
		t.Fatal("-write needs -all: a table of a half would hide the rest")
	}
	var chosen []row
	for _, r := range rows {
		if *all || r.daily {
			chosen = append(chosen, r)
		}
	}
	pages := build(t, chosen)
	var mu sync.Mutex
	results := make(map[string]result)
	t.Run("each", func(t *testing.T) { // ends after the parallel tests
		for _, r := range chosen {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				got := judge(t, r, pages[r.file])
				for _, column := range columns {
					reason, listed := r.missing[column]
					switch found := got.cells[column]; {
					case found != "" && !listed:
						t.Errorf("%s: %s", column, found)
					case found == "" && listed:
						t.Errorf("%s works now: take %q from the list of the row", column, reason)
					case listed:
						t.Logf("%s, as listed (%s): %s", column, reason, found)
					}
				}
				t.Logf("from the click to the effect: %v", got.took)
				mu.Lock()
				defer mu.Unlock()
				results[r.name] = got
			})
		}
	})
	if *table {
		writeTable(t, results)
	}
}

// build builds the pages of the rows.
func build(t *testing.T, chosen []row) map[string]built {
	t.Helper()
	var files []string
	for _, r := range chosen {
		if r.file != "" {
			files = append(files, r.file)
		}
	}
	return apps.Pages[built](t, files)
}

// judge runs the page of a row directly and through the gateway, and compares.
func judge(t *testing.T, r row, page built) result {
	t.Helper()
	plain := newApp(t, r, page)
	direct := visit(t, browser, r, plain, own(plain.url), 0)
	if direct.failed != "" || direct.effect != r.sends() {
		for _, w := range direct.writes {
			t.Logf("%s\n%.300s", w.describe(r, direct.base), w.body)
		}
		t.Fatalf("without the gateway the page itself does not work: %s; %d effects of %d; %q", direct.failed, direct.effect, r.sends(), direct.errors)
	}
	guarded := newApp(t, r, page)
	gate := gateway(t, guarded.url, r.settings)
	behind := visit(t, browser, r, guarded, own(gate), filling)
	return result{took: behind.took, cells: map[string]string{
		"passes":  behind.failed,
		"bot":     bots(t, r, guarded, gate, direct),
		"bytes":   differences(r, direct, behind),
		"console": strings.Join(newErrors(direct, behind), "\n"),
		"page":    looksDiffer(direct, behind),
		"effects": effects(r, behind),
	}}
}

var visits atomic.Int64

// own returns a server's URL with a host name that no other run uses, because cookies belong
// to a host with all its ports. Browsers resolve names under localhost by themselves.
func own(url string) string {
	return strings.Replace(url, "127.0.0.1", fmt.Sprintf("front%d.localhost", visits.Add(1)), 1)
}

// gateway starts palisade serve, which guards everything that changes something.
func gateway(t *testing.T, upstream, settings string) string {
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), "127.0.0.1:"+apps.FreePort(t)
	if settings != "" {
		settings = ", " + settings
	}
	text := fmt.Sprintf(apps.ObservedYAML+"listen: %s\nadmin: \"off\"\nsites:\n  - {host: \"*\", upstream: %q, protect: auto%s}\n", address, upstream, settings)
	if err := os.WriteFile(filepath.Join(dir, "palisade.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	apps.Run(t, dir, nil, "http://"+address+"/.palisade/palisade.js", file, "serve", "-config", "palisade.yaml")
	return "http://" + address
}

// bots sends what the page sent without the gateway, from a program without cookies and
// tickets: once bare and once with all headers of the browser. Nothing may reach the app.
func bots(t *testing.T, r row, a *app, gate string, direct run) string {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var statuses []int
	defer func() { t.Logf("bots got the statuses %v", statuses) }()
	writes := direct.writes
	if r.real == nil {
		writes = writes[:len(writes)/sends] // all of the first send
	}
	for _, w := range writes {
		for _, disguised := range []bool{false, true} {
			request, err := http.NewRequest(w.method, gate+w.target, bytes.NewReader(w.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", w.header.Get("Content-Type"))
			if disguised {
				request.Host = strings.TrimPrefix(own(gate), "http://")
				for name, values := range w.header {
					for _, value := range values {
						request.Header.Set(name, strings.ReplaceAll(value, direct.base, "http://"+request.Host))
					}
				}
				request.Header.Del("Cookie")
			}
			before := len(a.got())
			answer, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			statuses = append(statuses, answer.StatusCode)
			if len(a.got()) != before {
				return fmt.Sprintf("%s %s reached the app, with the headers of a browser: %v; status %d", w.method, w.target, disguised, answer.StatusCode)
			}
			if answer.StatusCode < 400 {
				return fmt.Sprintf("%s %s was answered %d", w.method, w.target, answer.StatusCode)
			}
		}
	}
	return ""
}

// A column that can never fail would say nothing: behind a gateway that lets everything
// through, the bot's column does.
func TestBotsAreSeenWhereTheyComeThrough(t *testing.T) {
	t.Parallel()
	r := front("", "fetch-json.html")
	page := build(t, []row{r})[r.file]
	plain := newApp(t, r, page)
	direct := visit(t, browser, r, plain, own(plain.url), 0)
	if direct.failed != "" {
		t.Fatal(direct.failed)
	}
	open := newApp(t, r, page)
	if bots(t, r, open, gateway(t, open.url, "exempt: [POST /send]"), direct) == "" {
		t.Error("the bot's request reached the app, and the column says that it did not")
	}
}

// differences compares what reached the apps.
func differences(r row, direct, behind run) string {
	if len(behind.writes) == 0 {
		return "nothing arrived that could be compared"
	}
	for i, w := range behind.writes {
		if i >= len(direct.writes) {
			return fmt.Sprintf("one more than without the gateway: %s", w.describe(r, behind.base))
		}
		if want, got := direct.writes[i].describe(r, direct.base), w.describe(r, behind.base); got != want {
			return fmt.Sprintf("the app got\n\t%s\nwithout the gateway\n\t%s", got, want)
		}
	}
	return ""
}

// newErrors returns the errors of the console that there are only behind the gateway.
func newErrors(direct, behind run) (added []string) {
	known := slices.Clone(direct.errors)
	for _, text := range behind.errors {
		if i := slices.Index(known, text); i >= 0 {
			known = slices.Delete(known, i, i+1)
			continue
		}
		added = append(added, text)
	}
	return added
}

// looksDiffer compares what scripts of the page found in it.
func looksDiffer(direct, behind run) string {
	for _, when := range slices.Sorted(maps.Keys(behind.looks)) {
		want, got := direct.looks[when], behind.looks[when]
		if a, b := asJSON(want.Forms), asJSON(got.Forms); a != b {
			return fmt.Sprintf("%s, the forms are\n\t%s\nwithout the gateway\n\t%s", when, b, a)
		}
		if want.Body != got.Body {
			from := 0
			for from < min(len(want.Body), len(got.Body)) && want.Body[from] == got.Body[from] {
				from++
			}
			from = max(0, from-100)
			return fmt.Sprintf("%s, the body goes on with\n\t%.400q\nwithout the gateway with\n\t%.400q", when, got.Body[from:], want.Body[from:])
		}
	}
	if len(behind.looks) == 0 {
		return "the page was not shown"
	}
	return ""
}

// effects checks that each send had one effect: no two have the same input.
func effects(r row, behind run) string {
	if behind.effect != r.sends() {
		return fmt.Sprintf("%d effects of %d sends", behind.effect, r.sends())
	}
	bodies := make(map[string]bool)
	for _, w := range behind.writes {
		key := w.describe(r, behind.base)
		if w.effect && strings.HasPrefix(w.target, "/files/") {
			key = w.target // the names are with the beginnings of these uploads
		}
		if bodies[key] {
			return "one send had two effects"
		}
		bodies[key] = true
	}
	return ""
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts and lists have none
	}
	return string(text)
}
