package palisade_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// crowd has people behind one address load the page, one each pause, send the form, and
// take the step where one is asked. It calls done for what came of each.
func (s *site) crowd(people int, pause time.Duration, done func(w *httptest.ResponseRecorder, stepped bool)) {
	type form struct {
		at      time.Time
		values  values
		stepped bool
	}
	var waiting []form
	send := func(until time.Time) {
		for len(waiting) > 0 {
			i := 0
			for j := range waiting {
				if waiting[j].at.Before(waiting[i].at) {
					i = j
				}
			}
			next := waiting[i]
			if next.at.After(until) {
				return
			}
			waiting = slices.Delete(waiting, i, i+1)
			s.wait(max(next.at.Sub(s.clock()), 0))
			w := s.post(next.values)
			if w.Code == 403 && !next.stepped {
				waiting = append(waiting, form{s.clock().Add(10 * time.Second), s.fill(w.Body.String()), true})
				continue
			}
			done(w, next.stepped)
		}
	}
	began := s.clock()
	for i := range people {
		at := began.Add(time.Duration(i) * pause)
		send(at)
		s.wait(max(at.Sub(s.clock()), 0))
		waiting = append(waiting, form{at.Add(4 * time.Second), typed(s.load()), false})
	}
	send(s.clock().Add(time.Hour))
}

// Fifty people of an office, behind one address, sign up within ten minutes, with the
// limits of a form of which nothing was said.
func TestAnOfficeGetsThrough(t *testing.T) {
	for name, pause := range map[string]time.Duration{"one after another": 11 * time.Second, "all at once": 0} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Limits = nil })
			free, steps := 0, 0
			s.crowd(50, pause, func(w *httptest.ResponseRecorder, stepped bool) {
				switch {
				case w.Code != 303:
					t.Errorf("status %d because %s, Retry-After %s", w.Code, s.last().Reason, w.Header().Get("Retry-After"))
				case stepped:
					steps++
				default:
					free++
				}
			})
			if free < 3 || free > 5 || steps != 50-free {
				t.Errorf("%d without a step and %d with one", free, steps)
			}
		})
	}
}

// Over any ten minutes an address has no more than sixty submissions accepted, although it
// takes every step, and no more than five without a step.
func TestTheCeilingHoldsWithSteps(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Limits = nil })
	var all, free []time.Time
	s.crowd(1000, 4*time.Second, func(w *httptest.ResponseRecorder, stepped bool) {
		switch {
		case w.Code == 303:
			all = append(all, s.clock())
			if !stepped {
				free = append(free, s.clock())
			}
		case w.Code != 429 || s.last().Reason != palisade.ReasonOverLimit || w.Header().Get("Retry-After") == "":
			t.Errorf("status %d because %s", w.Code, s.last().Reason)
		}
	})
	for _, row := range []struct {
		name        string
		times       []time.Time
		least, most int
	}{{"with steps", all, 58, 60}, {"without a step", free, 4, 5}} {
		if n := busiest(row.times, 10*time.Minute); n < row.least || n > row.most {
			t.Errorf("%s: %d in ten minutes, want %d to %d", row.name, n, row.least, row.most)
		}
	}
}

// busiest returns how many times the busiest stretch has.
func busiest(times []time.Time, stretch time.Duration) (most int) {
	for i := range times {
		n := 0
		for _, t := range times[i:] {
			if t.Sub(times[i]) < stretch {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestTheCeilingOfAForm(t *testing.T) {
	byIP := func(rate int, per time.Duration, burst int) palisade.Limit {
		return palisade.Limit{Rate: rate, Per: per, Burst: burst, By: palisade.ByIP}
	}
	for _, row := range []struct {
		name    string
		limits  []palisade.Limit
		ceiling palisade.Limit
		atOnce  int // of 100 submissions, with steps
	}{
		{"a form of which nothing was said takes fifty", nil, palisade.Limit{}, 50},
		{"a stricter limit changes no ceiling", []palisade.Limit{byIP(1, time.Hour, 0)}, palisade.Limit{}, 50},
		{"a higher limit lifts it", []palisade.Limit{byIP(70, time.Hour, 0)}, palisade.Limit{}, 70},
		{"of two limits the stricter one counts", []palisade.Limit{byIP(70, time.Hour, 0), byIP(60, time.Hour, 0)}, palisade.Limit{}, 60},
		{"a ceiling below the limit holds", []palisade.Limit{byIP(9, time.Hour, 0)}, palisade.Limit{Rate: 2, Per: time.Hour}, 2},
		{"a ceiling needs no limit", []palisade.Limit{}, palisade.Limit{Rate: 5, Per: time.Hour}, 5},
		{"without a limit by address there is none", []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByField("email")}}, palisade.Limit{}, 100},
		{"without limits there is none", []palisade.Limit{}, palisade.Limit{}, 100},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
				f.Limits, f.Ceiling = row.limits, row.ceiling
			})
			n := 0
			s.crowd(100, time.Second, func(w *httptest.ResponseRecorder, _ bool) { // of which one a minute comes back
				if w.Code == 303 {
					n++
				}
			})
			if n < row.atOnce || n > row.atOnce+2 {
				t.Errorf("%d passed, want %d; then because %s", n, row.atOnce, s.last().Reason)
			}
		})
	}
	for want, ceiling := range map[string]palisade.Limit{
		"Rate and Per must be positive": {Burst: 1},
		"has no By":                     {Rate: 1, Per: time.Hour, By: palisade.ByNetwork},
	} {
		_, err := newSite(t).guard.Form(palisade.FormConfig{Name: "other", Ceiling: ceiling})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
