package engine_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// The wire keeps the bound and the rate, however many requests the rules send.
func TestTheWireHoldsBoundAndRate(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	t.Cleanup(app.Close)
	for bound, want := range map[int]int{0: 0, 1: 1, 7: 7} {
		before := seen.Load()
		sent, took := engine.Send(t, app.URL, bound, 9, 100)
		if came := int(seen.Load() - before); sent != want || came != want {
			t.Errorf("with a bound of %d %d were sent, and %d came", bound, sent, came)
		}
		if least := time.Duration(want-1) * 10 * time.Millisecond; took < least {
			t.Errorf("%d requests at 100 a second took %s, less than %s", want, took, least)
		}
	}
}
