//go:build linux

package bench

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/service"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/store/memory"
)

// empty is the least cost of siteverify over HTTP.
func empty(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"success": false, "error-codes": ["invalid-input-response"]}`)
}

func vendor() http.Handler {
	s := captchatest.New()
	s.Answer(captchatest.Turnstile, 200, fmt.Sprintf(`{"success":true,"hostname":"shop.example","challenge_ts":%q,"error-codes":[]}`, time.Now().UTC().Format(time.RFC3339)), -1)
	return s
}

const benchSecret = "of-a-benchmark-0123456789-"

// verification is the service with a site for each way of verifying.
func verification(vendor string) (http.Handler, error) {
	site := func(key string, level uint8) service.Site {
		return service.Site{Key: key, Secret: benchSecret + key, Hosts: []string{"shop.example"}, Level: level}
	}
	passed := site("passed", 0)
	passed.Captcha = captcha.Turnstile("public", "private", captcha.Endpoint(vendor+"/turnstile/v0/siteverify"))
	return service.New(service.Config{
		Keys:     palisade.Keys{Current: []byte("not secret: 0123456789abcdef0123456789abcdef")},
		ClientIP: clientip.Proxies("127.0.0.1"),
		Logger:   slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelInfo})),
		Store:    &strangers{Store: memory.New()},
		Sites:    []service.Site{site("silent", 0), site("visible", 1), passed},
	})
}

// BenchmarkSiteverify is a call of siteverify, compared with a handler that gives the same
// answer without a check.
func BenchmarkSiteverify(b *testing.B) {
	vendor := child(b, vendorRole)
	s := &stage{child(b, emptyRole), child(b, serviceRole, upstreamVariable+"="+vendor.url)}
	call := func(site string, tokens ...string) func(int) request {
		return func(n int) request {
			form := url.Values{"secret": {benchSecret + site}, "response": {tokens[n%len(tokens)]}}
			return request{method: http.MethodPost, path: "/turnstile/v0/siteverify", body: form.Encode(), status: http.StatusOK}
		}
	}
	for _, row := range []struct {
		name  string
		site  string
		made  func() []string
		good  bool
		reach float64 // µs more than an empty handler
	}{
		{"bogus", "silent", func() []string { return []string{strings.Repeat("A", 700)} }, false, 15},
		{"forged", "silent", func() []string { return forged(s.guarded.tokens(b, "silent", 8)) }, false, 15},
		{"own-silent", "silent", func() []string { return s.guarded.tokens(b, "silent", 48) }, true, 1.2 * derivation(1000)},
		{"own-visible", "visible", func() []string { return s.guarded.tokens(b, "visible", 48) }, true, 0},
		{"passed-through", "passed", func() []string { return []string{"0.token-of-the-vendor"} }, true, 0},
	} {
		b.Run(row.name, func(b *testing.B) {
			what := call(row.site, row.made()...)
			answer, err := s.guarded.send(what(0))
			if err != nil || strings.Contains(string(answer), `"success": true`) != row.good {
				b.Fatalf("not the expected answer: %v %s", err, answer)
			}
			s.compare(b, 1000, reach{added: row.reach}, what)
			s.guarded.spread(b, what)
			if row.name == "own-silent" {
				b.ReportMetric(derivation(1000), "derivation-µs")
			}
		})
	}
}

// spread measures the duration of calls with one call under way for each worker, and the
// number of calls in a second.
func (p *proxy) spread(b *testing.B, what func(int) request) {
	const calls = 4000
	took := make([]float64, calls)
	var group sync.WaitGroup
	var next atomic.Int64
	began := time.Now()
	for range workers {
		group.Go(func() {
			for n := next.Add(1) - 1; n < calls; n = next.Add(1) - 1 {
				start := time.Now()
				if _, err := p.send(what(int(n))); err != nil {
					b.Error(err)
					return
				}
				took[n] = float64(time.Since(start).Nanoseconds()) / 1e3
			}
		})
	}
	group.Wait()
	all := time.Since(began)
	slices.Sort(took)
	b.ReportMetric(calls/all.Seconds(), "calls/s")
	b.ReportMetric(took[calls/2], "p50-µs")
	b.ReportMetric(took[calls*99/100], "p99-µs")
}

// tokens makes tokens of the embedded captcha as the widget does.
func (p *proxy) tokens(b *testing.B, site string, count int) []string {
	b.Helper()
	var list []string
	for n := range count {
		path := "/captcha/challenge?mode=box&origin=https://shop.example&k=" + site
		body, err := p.send(request{method: http.MethodGet, path: path, addr: fmt.Sprintf("203.0.%d.1", n), status: http.StatusOK})
		var offer struct {
			Challenge json.RawMessage
			Claims    string
		}
		if err == nil {
			err = json.Unmarshal(body, &offer)
		}
		if err != nil {
			b.Fatal(err)
		}
		proof, err := pow.Solve(context.Background(), offer.Challenge)
		if err != nil {
			b.Fatal(err)
		}
		raw, _ := base64.StdEncoding.DecodeString(proof) // Solve made it
		list = append(list, base64.RawURLEncoding.EncodeToString([]byte(offer.Claims+"\n"+string(raw))))
	}
	return list
}

// forged changes the contents of tokens, and keeps their form.
func forged(tokens []string) []string {
	for i, token := range tokens {
		raw, _ := base64.RawURLEncoding.DecodeString(token)
		tokens[i] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), "shop.", "evil.", 1)))
	}
	return tokens
}

// derivation is the processor time of one derivation by the standard library, in
// microseconds, measured now.
func derivation(cost int) float64 {
	const times = 400
	used := func() int64 {
		var usage syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		return usage.Utime.Nano() + usage.Stime.Nano()
	}
	before := used()
	for range times {
		_, _ = pbkdf2.Key(sha256.New, "sixteen bytes and four", []byte("a salt of 16 byt"), cost, 32)
	}
	return float64(used()-before) / 1e3 / times
}
