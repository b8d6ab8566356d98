// Command soak runs palisade serve under mixed load for any length of time and keeps
// changing its configuration. It checks that memory, goroutines and answers stay stable.
//
//	go run ./soak -for 10m                  // from folder bench
//	go run ./soak -for 8h -rss 32 -pace 5ms
//
// It builds palisade, starts it in front of an app of its own, and visits it. It requests
// plain and compressed pages. It sends allowed and refused submissions, files, uploads and
// slow bodies. Some visitors disconnect in the middle. Every minute it prints a line.
//
// It fails, with status 1, if
//
//   - any visitor got a 5xx, or the gateway counted one,
//   - any visitor got an unexpected answer, or none,
//   - goroutines or memory (RSS) are above their bound for half a minute. The bound is the
//     maximum in the second half of the warm-up, plus -goroutines or -rss,
//   - the goroutines do not return to their first number after the load,
//   - the process ends by itself, or does not end on SIGTERM.
//
// The warm-up is as long as the slowest part needs to settle: every reload leaves idle
// connections to the app behind for 90 seconds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/palisade-dev/palisade/bench/internal/rig"
)

type options struct {
	length, warmUp, reload, pace, row time.Duration
	goroutines, rss                   int
	binary                            string
}

func main() {
	var o options
	flag.DurationVar(&o.length, "for", 10*time.Minute, "how long, the warm-up included")
	flag.DurationVar(&o.warmUp, "warmup", 2*time.Minute, "how long nothing is compared yet")
	flag.DurationVar(&o.reload, "reload", 5*time.Second, "how often the configuration is written anew")
	flag.DurationVar(&o.pace, "pace", 20*time.Millisecond, "how long each visitor rests between requests")
	flag.DurationVar(&o.row, "row", time.Minute, "how often a line is printed")
	flag.IntVar(&o.goroutines, "goroutines", 100, "how many goroutines more than in the warm-up are too many")
	flag.IntVar(&o.rss, "rss", 48, "how many MiB more than in the warm-up are too many")
	flag.StringVar(&o.binary, "palisade", "", "the program to run; it is built if none is given")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "soak: FAILED\n%v\n", err)
		os.Exit(1)
	}
	fmt.Println("soak: passed")
}

func run(ctx context.Context, o options) (err error) {
	if o.length < o.warmUp+(window+5)*time.Second {
		return errors.New("-for must be 35s longer than -warmup, or nothing is compared")
	}
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.binary == "" {
		if o.binary, err = rig.Build(ctx, dir); err != nil {
			return err
		}
	}
	app := httptest.NewServer(rig.App())
	defer app.Close()
	file := &config{path: filepath.Join(dir, "palisade.yaml"), app: app.URL}
	if err := file.write(); err != nil {
		return err
	}
	g, err := rig.Serve(o.binary, file.path)
	if err != nil {
		return err
	}
	defer func() {
		if ended := g.Stop(); ended != nil {
			err = errors.Join(err, fmt.Errorf("palisade serve ended with: %w", ended))
		}
		if err != nil {
			err = fmt.Errorf("%w\n\nlast of its log:\n%s", err, lastLines(g.Log.String(), 12))
		}
	}()
	return soak(ctx, o, g, file)
}

// soak is the load and the watch.
func soak(ctx context.Context, o options, g *rig.Gateway, file *config) error {
	w := &watch{admin: g.Admin, bounds: o}
	begin, err := w.read(ctx)
	if err != nil {
		return err
	}
	loaded, cancel := context.WithTimeout(ctx, o.length)
	defer cancel()
	l := newLoad(g.URL, o.pace)
	done := l.start(loaded)
	go file.keepChanging(loaded, o.reload, g, l)
	w.header()
	err = w.until(loaded, g, l)
	cancel()
	<-done
	l.transport.CloseIdleConnections()
	w.row(l)
	if err == nil && ctx.Err() == nil {
		err = w.calm(ctx, begin)
	}
	return errors.Join(err, l.failure())
}

// config is the file that palisade serve reads, in changing versions.
type config struct {
	path, app string
	version   int
}

// write writes the next version. It changes only settings that do not affect these requests,
// so the expected answers stay the same.
func (c *config) write() error {
	c.version++
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
admin: 127.0.0.1:0
trust: ["127.0.0.1"]
sites:
  - host: "*"
    upstream: %s
    exempt: ["POST /hooks/%d"]
    forms:
      - {route: POST /signup, min_fill: 0s, max_age: %dm, limits: []}
      - {name: other%d, route: POST /other/%d}
`, c.app, c.version, 60+c.version%7, c.version, c.version)
	if c.version%5 == 0 { // the gateway must keep the old one
		text = strings.Replace(text, "upstream:", "upstrem:", 1)
	}
	other := c.path + ".new"
	if err := os.WriteFile(other, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(other, c.path) // so that the gateway never reads half a file
}

func (c *config) keepChanging(ctx context.Context, every time.Duration, g *rig.Gateway, l *load) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := c.write()
		if c.version%3 == 0 && err == nil { // otherwise the gateway notices the change by itself
			err = g.Hangup()
		}
		if err != nil && ctx.Err() == nil {
			l.fail("reload", err)
		}
	}
}

func lastLines(text string, count int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(len(lines)-count, 0):], "\n")
}

func hostOf(url string) string { return strings.TrimPrefix(url, "http://") }

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		DisableCompression:  true, // visitors who ask for gzip decompress it themselves
		MaxIdleConnsPerHost: 64,
	}
}
