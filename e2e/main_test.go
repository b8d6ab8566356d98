package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// browser is the one Chromium of all tests. It is set before the first test and never
// changes.
var browser context.Context

func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("6") // the tests wait for the browser most of the time
	}
	status := run(m)
	apps.Clean()
	os.Exit(status)
}

func run(m *testing.M) int {
	ctx, closeBrowser, err := startBrowser()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer closeBrowser()
	browser = ctx
	return m.Run()
}

// startBrowser starts a Chromium with the options of all tests, and with further options.
func startBrowser(more ...chromedp.ExecAllocatorOption) (ctx context.Context, stop func(), err error) {
	path, err := chromium()
	if err != nil {
		return nil, nil, err
	}
	allocator, closeAllocator := chromedp.NewExecAllocator(context.Background(), append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.Headless,
		chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck,
		chromedp.NoSandbox, // tests run as root in containers
		chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("ignore-certificate-errors", true), // accept the self-signed certificates of tests
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-extensions", true),
		chromedp.Flag("disable-prompt-on-repost", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("accept-lang", "en-US"),
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1"),
		chromedp.WSURLReadTimeout(3 * time.Minute),
	}, more...)...)
	quiet := func(string, ...any) {} // about events that are newer than the client
	ctx, closeBrowser := chromedp.NewContext(allocator, chromedp.WithErrorf(quiet))
	stop = func() { closeBrowser(); closeAllocator() }
	if err := chromedp.Run(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("%s does not start: %w", path, err)
	}
	return ctx, stop, nil
}

// chromium finds the browser.
func chromium() (string, error) {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("missing: Chromium (Debian package chromium), or set CHROMIUM to its path")
}
