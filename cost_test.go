package palisade_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// costing returns a site whose limit has 100 permits, and whose app says what each
// submission cost, with a negative number for nothing.
func costing(t *testing.T, reserve int, cost func() int) *site {
	return answering(t, func(w http.ResponseWriter, pass palisade.Pass) {
		if n := cost(); n >= 0 {
			pass.Cost(n)
		}
		w.WriteHeader(200)
	}, func(f *palisade.FormConfig) {
		f.Limits = []palisade.Limit{{Rate: 100, Per: 100 * time.Hour, By: palisade.ByIP, Reserve: reserve}}
	})
}

func TestALimitCountsWhatAttemptsCost(t *testing.T) {
	for _, row := range []struct {
		name    string
		reserve int
		cost    int // of each
		passed  int // until one is refused
	}{
		{"what each costs", 1, 25, 4},
		{"more than was reserved", 10, 25, 4},
		{"less than was reserved", 50, 25, 3}, // as long as 50 are left
		{"as much as was reserved", 20, 20, 5},
		{"what was reserved, if nothing is said", 20, -1, 5},
		{"more than there is: one passes, and the debt is bounded", 1, 1_000_000, 1},
		{"nothing", 1, 0, 150},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := costing(t, row.reserve, func() int { return row.cost })
			n := 0
			for ; n < 150; n++ {
				if w := s.submit("a@example.org"); w.Code == 429 {
					break
				}
			}
			if n != row.passed {
				t.Errorf("%d passed, want %d; then %s", n, row.passed, s.last().Reason)
			}
		})
	}
}

// Over a limit by cost no step helps, and the debt of a dear attempt is paid off in time.
func TestADearAttemptIsPaidOff(t *testing.T) {
	cost := 160
	s := costing(t, 1, func() int { return cost })
	s.submit("a@example.org")
	cost = 1
	s.wait(59 * time.Hour)
	s.expect(s.submit("a@example.org"), 429, palisade.ReasonOverLimit, 0)
	if wait := s.last().RetryAfter; wait < time.Hour || wait > 2*time.Hour+time.Minute {
		t.Errorf("to wait %v, want until 60 of 160 are back and one more", wait)
	}
	s.wait(2*time.Hour + time.Minute)
	if w := s.submit("a@example.org"); w.Code != 200 {
		t.Errorf("when one permit is back: %d because %s", w.Code, s.last().Reason)
	}
}

func TestLimitsByCostAreChecked(t *testing.T) {
	for want, limit := range map[string]palisade.Limit{
		"Reserve must not be negative":  {Rate: 10, Per: time.Hour, By: palisade.ByIP, Reserve: 11},
		"Reserve is for limits by the ": {Rate: 10, Per: time.Hour, By: palisade.ByField("email"), Reserve: 1},
	} {
		_, err := newSite(t).guard.Form(palisade.FormConfig{Name: "other", Limits: []palisade.Limit{limit}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
