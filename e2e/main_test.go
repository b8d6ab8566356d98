package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/e2e/chromium"
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
	ctx, closeBrowser, err := chromium.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer closeBrowser()
	browser = ctx
	return m.Run()
}
