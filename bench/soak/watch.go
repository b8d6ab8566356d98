package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/bench/internal/rig"
)

// watch reads the metrics of the gateway every second.
type watch struct {
	admin  string
	bounds options
	began  time.Time
	last   sample
	recent []sample // the last half minute
	most   sample   // maximum in the second half of the warm-up
}

// sample is one reading of the metrics.
type sample struct {
	goroutines, rss, heap float64 // rss and heap in MiB
	errors                float64 // answers 5xx
	applied, refused      float64 // reloads
}

const window = 30 // samples, a second apart

func (w *watch) read(ctx context.Context) (s sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.admin, nil)
	if err != nil {
		return s, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	values := make(map[string]float64)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if name, text, found := strings.Cut(lines.Text(), " "); found && !strings.HasPrefix(name, "#") {
			values[name], _ = strconv.ParseFloat(text, 64) // names with spaces are not needed here
		}
	}
	if values["go_goroutines"] == 0 || values["process_resident_memory_bytes"] == 0 {
		return s, fmt.Errorf("%s does not tell goroutines and memory", w.admin)
	}
	return sample{
		goroutines: values["go_goroutines"],
		rss:        values["process_resident_memory_bytes"] / (1 << 20),
		heap:       values["go_memstats_heap_inuse_bytes"] / (1 << 20),
		errors:     values[`palisade_http_requests_total{code="5xx"}`],
		applied:    values[`palisade_config_reloads_total{result="applied"}`],
		refused:    values[`palisade_config_reloads_total{result="refused"}`],
	}, lines.Err()
}

// until watches until the load ends, or an error cannot go away.
func (w *watch) until(ctx context.Context, g *rig.Gateway, l *load) error {
	w.began = time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	printed := w.began
	for {
		select {
		case <-ctx.Done():
			return w.judge()
		case <-g.Exited():
			return fmt.Errorf("palisade serve ended by itself")
		case <-tick.C:
		}
		s, err := w.read(ctx)
		if ctx.Err() != nil {
			return w.judge()
		}
		if err != nil {
			return err
		}
		w.note(s)
		if time.Since(printed) >= w.bounds.row {
			printed = time.Now()
			w.row(l)
			if err := w.judge(); err != nil {
				return err
			}
		}
	}
}

func (w *watch) note(s sample) {
	w.last = s
	w.recent = append(w.recent, s)
	if len(w.recent) > window {
		w.recent = w.recent[1:]
	}
	if at := time.Since(w.began); at > w.bounds.warmUp/2 && at <= w.bounds.warmUp {
		w.most.goroutines = max(w.most.goroutines, s.goroutines)
		w.most.rss = max(w.most.rss, s.rss)
	}
}

// judge compares the medians of the last samples, so that no single moment decides.
func (w *watch) judge() error {
	if w.last.errors > 0 {
		return fmt.Errorf("the gateway answered %.0f requests with 5xx", w.last.errors)
	}
	if time.Since(w.began) < w.bounds.warmUp+window*time.Second {
		return nil
	}
	if now, most := w.median(goroutines), w.most.goroutines+float64(w.bounds.goroutines); now > most {
		return fmt.Errorf("%.0f goroutines, at most %.0f expected", now, most)
	}
	if now, most := w.median(rss), w.most.rss+float64(w.bounds.rss); now > most {
		return fmt.Errorf("%.0f MiB of memory, at most %.0f expected", now, most)
	}
	return nil
}

func goroutines(s sample) float64 { return s.goroutines }
func rss(s sample) float64        { return s.rss }

func (w *watch) median(of func(sample) float64) float64 {
	var list []float64
	for _, s := range w.recent {
		list = append(list, of(s))
	}
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func (w *watch) header() {
	fmt.Printf("%8s", "time")
	for _, v := range visitors {
		fmt.Printf(" %8s", v.name)
	}
	fmt.Printf(" |%8s %7s %7s %4s |%6s %6s %6s | %s\n", "2xx", "3xx", "4xx", "5xx", "gorout", "rss", "heap", "reloads, refused")
}

// row prints the counts since the start and the present state; memory in MiB.
func (w *watch) row(l *load) {
	fmt.Printf("%8s", time.Since(w.began).Round(time.Second))
	for i := range visitors {
		fmt.Printf(" %8d", l.visits[i].Load())
	}
	fmt.Printf(" |%8d %7d %7d %4d |%6.0f %6.0f %6.0f | %.0f, %.0f\n",
		l.statuses[2].Load(), l.statuses[3].Load(), l.statuses[4].Load(), l.statuses[5].Load(),
		w.median(goroutines), w.median(rss), w.last.heap, w.last.applied, w.last.refused)
}

// calm waits until the goroutines return to their first number. A goroutine that remains
// without visitors has leaked. Idle connections to the app end after 90 s.
func (w *watch) calm(ctx context.Context, begin sample) error {
	const slack = 5 // goroutines of the runtime itself, and for the request of the metrics
	since := time.Now()
	for {
		s, err := w.read(ctx)
		if err != nil {
			return err
		}
		if s.goroutines <= begin.goroutines+slack {
			fmt.Printf("%.0f goroutines %s after the load ended, %.0f before it began; RSS %.0f MiB, %.0f before\n",
				s.goroutines, time.Since(since).Round(time.Second), begin.goroutines, s.rss, begin.rss)
			return nil
		}
		if time.Since(since) > 2*time.Minute {
			return fmt.Errorf("%.0f goroutines two minutes after the load ended, %.0f before it began", s.goroutines, begin.goroutines)
		}
		sleep(ctx, time.Second)
	}
}
