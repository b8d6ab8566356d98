package fronts

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade/e2e/chromium"
)

// The network may end a part of a page in the middle of what the gateway wrote into it. The app
// of this test writes such an element itself, so that it knows the place.
func TestAPageMayArriveInPartsThatEndInOurElement(t *testing.T) {
	t.Parallel()
	goOn := make(chan bool)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>Page</title><link rel="icon" href="data:,"><form method="get"><div class="palisade" data-palisade-form="auto" data-palisade-base="/.palisade/"><input type="hidden" name="palisade-ticket">`)
		_ = http.NewResponseController(w).Flush()
		<-goOn
		fmt.Fprint(w, `<input type="hidden" name="palisade-proof"></div></form><p id="end">End</p>`)
	}))
	t.Cleanup(app.Close)
	window, err := chromium.Window(browser)
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeWindow := chromedp.NewContext(browser, chromedp.WithTargetID(window))
	t.Cleanup(closeWindow)
	v := &visitor{ctx: ctx, base: own(gateway(t, app.URL, ""))}
	if err := chromedp.Run(ctx); err != nil { // the context lives as long as the window
		t.Fatal(err)
	}
	chromedp.ListenTarget(ctx, v.hear)
	opened := make(chan error, 1)
	go func() { opened <- v.run(chromedp.Navigate(v.base + "/")) }()
	failed := v.until("window.palisade && document.querySelector('[name=palisade-ticket]')", "palisade.js is there before the end of the page")
	time.Sleep(100 * time.Millisecond) // it looks at the page
	close(goOn)
	if failed != "" {
		t.Fatal(failed)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	if failed := v.until("document.querySelector('#end')", "the page is whole"); failed != "" {
		t.Fatal(failed)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.errors) > 0 {
		t.Errorf("the console says %q", v.errors)
	}
}
