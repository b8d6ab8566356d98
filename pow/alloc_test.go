//go:build !race

package pow_test

// With the race detector a sync.Pool drops its contents at random. So the test
// runs only without it.

import (
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/pow"
)

func TestNothingIsAllocatedWhereAnonymousClientsAsk(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	buf := make([]byte, 0, 512)
	search, picked := solve(t, issue(t, c, at(0, start))), solve(t, issue(t, c, at(1, start)))
	forged := encode(strings.Replace(decode(t, search), `"signature":"`, `"signature":"0`, 1))
	for name, f := range map[string]func(){
		"issue a random search":       func() { buf, _ = c.AppendChallenge(buf[:0], at(0, start)) },
		"check a random search":       func() { c.Check(search, binding, start) },
		"check a picked counter":      func() { c.Check(picked, binding, start) },
		"refuse another binding":      func() { c.Check(search, binding[1:], start) },
		"refuse a malformed payload":  func() { c.Check(forged, binding, start) },
		"refuse an expired challenge": func() { c.Check(search, binding, start.AddDate(1, 0, 0)) },
	} {
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
