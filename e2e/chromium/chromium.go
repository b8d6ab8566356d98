// Package chromium starts the browser of the tests.
package chromium

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Start starts a Chromium with the options of all tests, and with further options.
func Start(more ...chromedp.ExecAllocatorOption) (ctx context.Context, stop func(), err error) {
	path, err := find()
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

// Window opens an empty window. One profile is enough for all tests of a package, because each
// has its own server, and so its own origin. Each test has a window, because pages in the
// background of another page would be slowed down.
func Window(in context.Context) (target.ID, error) {
	return target.CreateTarget("about:blank").WithNewWindow(true).
		Do(cdp.WithExecutor(in, chromedp.FromContext(in).Browser))
}

// find finds the browser.
func find() (string, error) {
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
