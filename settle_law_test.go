package palisade_test

import (
	"math/rand"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// Whatever settles, and whenever, no more is accepted than the limit, and no more is tried
// than five times it.
func TestSettlingNeverGivesTooMuch(t *testing.T) {
	for seed := range int64(30) {
		rng := rand.New(rand.NewSource(seed))
		s := newApp(t, palisade.Limit{Rate: 3, Per: 10 * time.Minute, By: palisade.ByIP})
		var mu sync.Mutex
		var tried, accepted int
		ready := make(chan int)
		s.handler = s.form.Handle(func(w http.ResponseWriter, _ *http.Request, _ palisade.Pass) {
			mu.Lock()
			tried++
			mu.Unlock()
			code := <-ready
			mu.Lock()
			if code == 303 {
				accepted++
			}
			mu.Unlock()
			w.WriteHeader(code)
		})
		start := s.clock()
		var all sync.WaitGroup
		pending := 0
		for range 120 {
			switch rng.Intn(3) {
			case 0:
				s.wait(time.Duration(rng.Intn(40)) * time.Second)
			case 1:
				before := func() int { mu.Lock(); defer mu.Unlock(); return tried }()
				c := s.session()
				done := make(chan bool)
				all.Go(func() { s.act(c); close(done) })
			wait:
				for {
					select {
					case <-done:
						break wait
					default:
					}
					mu.Lock()
					now := tried
					mu.Unlock()
					if now > before {
						pending++
						break wait
					}
					time.Sleep(50 * time.Microsecond)
				}
			case 2:
				if pending > 0 {
					code := 422
					if rng.Intn(3) == 0 {
						code = 303
					}
					ready <- code
					pending--
					time.Sleep(200 * time.Microsecond)
				}
			}
			e := s.clock().Sub(start)
			mu.Lock()
			if float64(accepted) > 3+e.Seconds()/200 || float64(tried) > 15+5*e.Seconds()/200 {
				t.Errorf("seed %d: %d tried, %d accepted in %v", seed, tried, accepted, e)
			}
			mu.Unlock()
		}
		for ; pending > 0; pending-- {
			ready <- 303
		}
		all.Wait()
	}
}
