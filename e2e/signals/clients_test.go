package signals

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade/pow"
)

const (
	automation = "automation"
	control    = "control"
)

// client fills the form in and submits it once.
type client struct {
	name  string
	kind  string
	drive func(context.Context, *running) error
}

// clients are all that is driven. The automations stay on the page longer than the form asks
// for: what comes of being quicker is no question.
var clients = []client{
	{"Playwright", automation, node("playwright")},
	{"Playwright, headful", automation, node("playwright-headful")},
	{"Playwright, hardened", automation, node("playwright-hardened")},
	{"Playwright, paced as an agent", automation, node("playwright-agent")},
	{"Playwright, paced as an agent, headful", automation, node("playwright-agent-headful")},
	{"playwright-extra with stealth", automation, node("playwright-stealth")},
	{"Puppeteer", automation, node("puppeteer")},
	{"Puppeteer with stealth", automation, node("puppeteer-stealth")},
	{"Puppeteer, Firefox by BiDi", automation, node("puppeteer-firefox")},
	{"script in the page, value= and requestSubmit", automation, node("script-only")},
	{"Selenium", automation, python("selenium")},
	{"chromedp", automation, viaCDP},
	{"curl", automation, curl},
	{"httpx", automation, python("httpx")},
	{"Go net/http", automation, goClient(false)},
	{"Go net/http with a solver", automation, goClient(true)},
	{"Node fetch", automation, node("fetch")},
	{"Node fetch with a solver", automation, node("fetch-solver")},

	{"Chromium, mouse", control, person(chromium, mouse)},
	{"Firefox, mouse", control, person(firefox, mouse)},
	{"Chromium, keyboard", control, person(chromium, keyboard)},
	{"Firefox, keyboard", control, person(firefox, keyboard)},
	{"Chromium, paste", control, person(chromium, paste)},
	{"Firefox, paste", control, person(firefox, paste)},
	{"Chromium, middle button", control, person(chromium, selection)},
	{"Firefox, middle button", control, person(firefox, selection)},
	{"Chromium, labels and Enter", control, person(chromium, enter)},
	{"Firefox, labels and Enter", control, person(firefox, enter)},
	{"Chromium, slow", control, person(chromium, slow)},
	{"Firefox, slow", control, person(firefox, slow)},
	{"Chromium, small pixels", control, person(chromium, scaled)},
	{"Firefox, small pixels", control, person(firefox, scaled)},
	{"Chromium, incognito", control, person(chromium, incognito)},
	{"Firefox, private window", control, person(firefox, incognito)},
	{"Chromium, DevTools open", control, person(chromium, devtools)},
	{"Firefox, DevTools open", control, person(firefox, devtools)},
	{"Chromium, choices of earlier input", control, person(chromium, again)},
	{"Firefox, choices of earlier input", control, person(firefox, again)},
	{"Chromium, an extension fills in", control, person(chromium, extensionFills)},
	{"Chromium, an extension fills in and submits", control, person(chromium, extensionSubmits)},
}

// browsers are the programs that [needTools] found.
var browsers struct{ chromium, firefox, chromedriver string }

const venv = "../../.tools/signals/venv/bin/python"

func needTools(t *testing.T) {
	t.Helper()
	var missing []string
	find := func(name string) string {
		path, err := exec.LookPath(name)
		if err != nil {
			missing = append(missing, name)
		}
		return path
	}
	browsers.chromium, browsers.firefox, browsers.chromedriver = find("chromium"), find("firefox-esr"), find("chromedriver")
	for _, name := range []string{"Xvfb", "xdotool", "xclip", "curl", "node", venv} {
		find(name)
	}
	for _, name := range []string{"playwright-core", "playwright-extra", "puppeteer-core", "puppeteer-extra", "puppeteer-extra-plugin-stealth"} {
		if found, _ := filepath.Glob("node_modules/" + name + "/package.json"); found == nil {
			missing = append(missing, name+" of npm")
		}
	}
	if missing != nil {
		t.Fatalf("missing: %s; run scripts/tools.sh signals", strings.Join(missing, ", "))
	}
}

func node(name string) func(context.Context, *running) error {
	return func(ctx context.Context, r *running) error {
		return r.command(ctx, "node", "drivers/clients.mjs", name)
	}
}

func python(name string) func(context.Context, *running) error {
	return func(ctx context.Context, r *running) error { return r.command(ctx, venv, "drivers/clients.py", name) }
}

// dwell is how long automations stay on the page.
const dwell = 1500 * time.Millisecond

// viaCDP speaks the protocol of Chromium's debugger without a framework's script in the page.
func viaCDP(ctx context.Context, r *running) error {
	allocator, closeAllocator := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browsers.chromium), chromedp.NoSandbox, chromedp.UserDataDir(r.home), chromedp.WSURLReadTimeout(time.Minute))...)
	defer closeAllocator()
	tab, closeTab := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {})) // about events that are newer than it
	defer closeTab()
	return chromedp.Run(tab,
		chromedp.Navigate(r.lane.base+"/signup"),
		chromedp.WaitVisible("#submit"),
		chromedp.Sleep(dwell),
		chromedp.SendKeys("#username", "cara", chromedp.ByID),
		chromedp.SendKeys("#email", "cara@example.org", chromedp.ByID),
		chromedp.SendKeys("#about", "I write programs", chromedp.ByID),
		chromedp.Click("#submit", chromedp.ByID),
		chromedp.ActionFunc(func(ctx context.Context) error {
			return r.wait(ctx, "the gateway decides", func() bool { return r.decided() > 0 })
		}))
}

var (
	inputs     = regexp.MustCompile(`<input[^>]* name="(palisade-[^"]*|[a-z]+_[^"]*)"[^>]* value="([^"]*)"`)
	challenges = regexp.MustCompile(` data-palisade-challenge="([^"]*)"`)
)

// hidden returns the fields that the gateway added to the form.
func hidden(page []byte) url.Values {
	v := url.Values{"username": {"greg"}, "email": {"greg@example.org"}, "about": {"I write programs"}}
	for _, m := range inputs.FindAllSubmatch(page, -1) {
		v.Set(html.UnescapeString(string(m[1])), html.UnescapeString(string(m[2])))
	}
	return v
}

func goClient(solves bool) func(context.Context, *running) error {
	return func(ctx context.Context, r *running) error {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		do := func(method, body string) ([]byte, error) {
			req, err := http.NewRequestWithContext(ctx, method, r.lane.base+"/signup", strings.NewReader(body))
			if err != nil {
				return nil, err
			}
			if body != "" {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			resp, err := (&http.Client{Jar: jar}).Do(req)
			if err != nil {
				return nil, err
			}
			defer resp.Body.Close()
			return io.ReadAll(resp.Body)
		}
		text, err := do(http.MethodGet, "")
		if err != nil {
			return err
		}
		fields := hidden(text)
		if solves {
			m := challenges.FindSubmatch(text)
			if m == nil {
				return errors.New("no challenge in the page")
			}
			proof, err := pow.Solve(ctx, []byte(html.UnescapeString(string(m[1]))))
			if err != nil {
				return err
			}
			fields.Set("palisade-proof", proof)
		}
		time.Sleep(dwell)
		_, err = do(http.MethodPost, fields.Encode())
		return err
	}
}

func curl(ctx context.Context, r *running) error {
	text, err := exec.CommandContext(ctx, "curl", "-sS", "-c", r.home+"/jar", r.lane.base+"/signup").Output()
	if err != nil {
		return fmt.Errorf("curl: %w", err)
	}
	time.Sleep(dwell)
	return r.command(ctx, "curl", "-sS", "-b", r.home+"/jar", "-d", hidden(text).Encode(), r.lane.base+"/signup")
}
