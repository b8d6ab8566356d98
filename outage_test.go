package palisade_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

// failing is a store whose answer to one trip, and to those after it, is another.
type failing struct {
	store.Store
	good   int // trips before that
	result store.Result
	err    error
}

func (f *failing) Spend(ctx context.Context, trip store.Trip) (store.Result, error) {
	if f.good--; f.good < 0 {
		return f.result, f.err
	}
	return f.Store.Spend(ctx, trip)
}

// A store that gives no answer is never taken for one that granted, whichever of an
// attempt's trips it is.
func TestNothingActsWithoutTheStoresWord(t *testing.T) {
	for _, row := range []struct {
		name   string
		target bool // the form has a limit of somebody else, so there is a second trip
		good   int
		result store.Result
		err    error
		status int
		why    palisade.Reason
	}{
		{"the first trip fails", false, 0, store.Result{}, errors.New("gone"), 503, palisade.ReasonStoreDown},
		{"the first trip fails and says granted", false, 0, store.Result{Status: store.Granted}, errors.New("gone"), 503, palisade.ReasonStoreDown},
		{"the first trip has no answer", false, 0, store.Result{}, nil, 503, palisade.ReasonStoreDown},
		{"the first trip has an unknown answer", false, 0, store.Result{Status: 99}, nil, 503, palisade.ReasonStoreDown},
		{"the first trip is over a limit", false, 0, store.Result{Status: store.Limited}, nil, 429, palisade.ReasonOverLimit},
		{"the store is full", false, 0, store.Result{}, store.ErrFull, 503, palisade.ReasonStoreDown},
		{"the second trip fails", true, 1, store.Result{}, errors.New("gone"), 503, palisade.ReasonStoreDown},
		{"the second trip fails and says granted", true, 1, store.Result{Status: store.Granted}, errors.New("gone"), 503, palisade.ReasonStoreDown},
		{"the second trip has no answer", true, 1, store.Result{}, nil, 403, palisade.ReasonTargetLimit},
		{"no trip fails", true, 2, store.Result{}, errors.New("gone"), 303, palisade.ReasonClean},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, func(c *palisade.Config, f *palisade.FormConfig) {
				c.Store = &failing{memory.New(memory.Epoch(c.Clock())), row.good, row.result, row.err}
				f.Limits = []palisade.Limit{{Rate: 5, Per: time.Hour, By: palisade.ByIP}}
				if row.target {
					f.Limits = append(f.Limits, palisade.Limit{Rate: 5, Per: time.Hour, By: palisade.ByField("email")})
				}
			})
			v := typed(s.load())
			s.wait(20 * time.Second)
			w := s.post(v)
			var effects int64
			if row.why == palisade.ReasonClean {
				effects = 1
			}
			s.expect(w, row.status, row.why, effects)
			if d := s.last(); (d.Err != nil) != (row.status == http.StatusServiceUnavailable) {
				t.Errorf("status %d with the error %v", row.status, d.Err)
			}
		})
	}
}

// With a provider there is a trip more, for its word.
func TestNoTokenActsWithoutTheStoresWord(t *testing.T) {
	for _, row := range []struct {
		name   string
		result store.Result
		err    error
		status int
		why    palisade.Reason
	}{
		{"the trip for the token fails", store.Result{}, errors.New("gone"), 503, palisade.ReasonStoreDown},
		{"the trip for the token fails and says granted", store.Result{Status: store.Granted}, errors.New("gone"), 503, palisade.ReasonStoreDown},
		{"the trip for the token has no answer", store.Result{}, nil, 403, "captcha-token-spent"},
		{"the token was spent", store.Result{Status: store.Spent}, nil, 403, "captcha-token-spent"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, services := withService(t, func(c *palisade.Config, _ *palisade.FormConfig) {
				c.Store = &failing{memory.New(memory.Epoch(c.Clock())), 1, row.result, row.err}
			})
			v := typed(s.load())
			v.Set(tokenField, buy(services))
			s.wait(20 * time.Second)
			s.expect(s.post(v), row.status, row.why, 0)
		})
	}
}
