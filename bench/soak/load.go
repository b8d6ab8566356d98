package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/palisade-dev/palisade/bench/internal/rig"
)

// visitors of each kind repeat the actions of their name.
var visitors = []struct {
	name  string
	count int // at the same time
	rest  int // pause between two requests, in multiples of pace
	visit func(*load, context.Context) error
}{
	{"page", 3, 1, (*load).page},
	{"gzip", 2, 1, (*load).gzip},
	{"bare", 2, 2, (*load).bare},        // a submission without a ticket
	{"allowed", 1, 10, (*load).allowed}, // its main cost is the proof, which this process makes
	{"static", 2, 1, (*load).static},
	{"aborted", 2, 4, (*load).aborted},
	{"upload", 2, 10, (*load).upload},
	{"slow", 8, 1, (*load).slow},
}

// load is the visitors' requests and their results.
type load struct {
	url       string
	pace      time.Duration
	transport *http.Transport
	visits    [8]atomic.Int64 // as visitors
	statuses  [6]atomic.Int64 // by class

	mu       sync.Mutex
	failures []string // the first few
	failed   int
}

func newLoad(url string, pace time.Duration) *load {
	return &load{url: url, pace: pace, transport: newTransport()}
}

// start starts the visitors. The channel is closed when all have stopped.
func (l *load) start(ctx context.Context) (done <-chan struct{}) {
	var group sync.WaitGroup
	for i, v := range visitors {
		for range v.count {
			group.Go(func() {
				for ctx.Err() == nil {
					if err := v.visit(l, ctx); err != nil && ctx.Err() == nil {
						l.fail(v.name, err)
					}
					l.visits[i].Add(1)
					rest := l.pace * time.Duration(v.rest)
					sleep(ctx, rest/2+rand.N(rest+1))
				}
			})
		}
	}
	ended := make(chan struct{})
	go func() { group.Wait(); close(ended) }()
	return ended
}

func (l *load) fail(who string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed++; len(l.failures) < 10 {
		l.failures = append(l.failures, fmt.Sprintf("%s  %s: %.400s", time.Now().Format(time.TimeOnly), who, err))
	}
}

// failure reports all errors, or nil.
func (l *load) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d visits did not go as they should; the first:\n%s", l.failed, strings.Join(l.failures, "\n"))
}

// send sends a request as a browser does and returns the answer, which must have the
// expected status.
func (l *load) send(ctx context.Context, status int, method, path string, body io.Reader, change ...func(*http.Request)) ([]byte, http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, method, l.url+path, body)
	if err != nil {
		return nil, nil, err
	}
	rig.Browse(r, rig.Addr())
	for _, c := range change {
		c(r)
	}
	resp, err := l.transport.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	l.statuses[min(resp.StatusCode/100, 5)].Add(1)
	got, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != status {
		err = fmt.Errorf("%s %s: %s, want %d\n%.300s", method, path, resp.Status, status, got)
	}
	return got, resp.Header, err
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

var ticket = []byte(`name="palisade-ticket"`)

// page is a page with a form, either with a Content-Length or sent in small parts.
func (l *load) page(ctx context.Context) error {
	path, most := "/page", rig.Page
	switch rand.N(20) {
	case 0:
		path = "/drip"
	case 1, 2, 3, 4, 5:
		path, most = "/bare", rig.BarePage
	}
	got, _, err := l.send(ctx, http.StatusOK, http.MethodGet, path, nil)
	switch {
	case err != nil:
		return err
	case path == "/bare" && !bytes.Equal(got, most):
		return errors.New("a page without forms came changed")
	case path != "/bare" && (!bytes.Contains(got, ticket) || len(got) <= len(most) || !bytes.HasSuffix(got, most[len(most)-1000:])):
		return fmt.Errorf("%s came without a ticket, or not as a whole: %d bytes of %d", path, len(got), len(most))
	}
	return nil
}

func (l *load) gzip(ctx context.Context) error {
	got, h, err := l.send(ctx, http.StatusOK, http.MethodGet, "/page", nil, header("Accept-Encoding", "gzip, br"))
	if err != nil {
		return err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(got))
	if err != nil || h.Get("Content-Encoding") != "gzip" {
		return fmt.Errorf("not packed: %q, %v", h.Get("Content-Encoding"), err)
	}
	page, err := io.ReadAll(unpacked)
	if err == nil && !bytes.Contains(page, ticket) {
		err = errors.New("a packed page came without a ticket")
	}
	return err
}

// bare is the simplest bot.
func (l *load) bare(ctx context.Context) error {
	got, _, err := l.send(ctx, http.StatusForbidden, http.MethodPost, "/signup", strings.NewReader("user=bot&email=bot%40example.org"))
	if err == nil && !bytes.Contains(got, []byte("palisade-ticket")) {
		err = errors.New("a challenge came without a ticket")
	}
	return err
}

// allowed is a person, who then clicks twice and tries the same ticket again.
func (l *load) allowed(ctx context.Context) error {
	from := header("X-Forwarded-For", rig.Addr())
	page, _, err := l.send(ctx, http.StatusOK, http.MethodGet, "/form", nil, from)
	if err != nil {
		return err
	}
	body, err := rig.Fill(ctx, page)
	if err != nil {
		return err
	}
	if _, _, err := l.send(ctx, http.StatusSeeOther, http.MethodPost, "/signup", strings.NewReader(body), from); err != nil {
		return err
	}
	_, _, err = l.send(ctx, http.StatusForbidden, http.MethodPost, "/signup", strings.NewReader(body+"&more=1"), from)
	return err
}

func (l *load) static(ctx context.Context) error {
	var err error
	switch rand.N(4) {
	case 0:
		_, _, err = l.send(ctx, http.StatusNotModified, http.MethodGet, "/static/app.js", nil, header("If-None-Match", `"1"`))
	case 1:
		_, _, err = l.send(ctx, http.StatusPartialContent, http.MethodGet, "/static/app.js", nil, header("Range", "bytes=100-299"))
	case 2:
		_, _, err = l.send(ctx, http.StatusOK, http.MethodHead, "/page", nil)
	default:
		_, _, err = l.send(ctx, http.StatusOK, http.MethodGet, "/static/app.js", nil)
	}
	return err
}

// aborted disconnects during a page, a submission or an upload.
func (l *load) aborted(ctx context.Context) error {
	conn, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	switch rand.N(4) {
	case 0:
		_, err = io.WriteString(conn, head(http.MethodGet, "/drip", 0))
		sleep(ctx, rand.N(300*time.Millisecond))
	case 1:
		_, err = io.WriteString(conn, head(http.MethodGet, "/page", 0)) // and disconnects at once
	case 2:
		_, err = io.WriteString(conn, head(http.MethodPost, "/signup", 10_000)+"user=bot")
		sleep(ctx, rand.N(100*time.Millisecond))
	default:
		_, err = io.WriteString(conn, head(http.MethodPost, "/open", 1<<20)+strings.Repeat("x", 100<<10))
		sleep(ctx, rand.N(100*time.Millisecond))
	}
	return err
}

// upload is a large body: to an unguarded path, to a form without its ticket, and with the
// ticket but no proof. In the last case, the challenge page must keep the body.
func (l *load) upload(ctx context.Context) error {
	switch rand.N(3) {
	case 0:
		const size = 5 << 20
		got, _, err := l.send(ctx, http.StatusOK, http.MethodPost, "/open", io.LimitReader(endless{}, size))
		if err == nil && string(got) != strconv.Itoa(size) {
			err = fmt.Errorf("the app got %s bytes of %d", got, size)
		}
		return err
	case 1:
		_, err := l.uploadTo(ctx, nil)
		return err
	}
	page, _, err := l.send(ctx, http.StatusOK, http.MethodGet, "/form", nil)
	if err != nil {
		return err
	}
	got, err := l.uploadTo(ctx, rig.Fields(page))
	if err == nil && len(got) < photo {
		err = fmt.Errorf("a challenge of %d bytes cannot hold the upload", len(got))
	}
	return err
}

const photo = 2 << 20

// uploadTo sends the form with a photograph, and gets a challenge.
func (l *load) uploadTo(ctx context.Context, fields url.Values) ([]byte, error) {
	var body bytes.Buffer // writing into it cannot fail
	form := multipart.NewWriter(&body)
	for name := range fields {
		_ = form.WriteField(name, fields.Get(name))
	}
	part, _ := form.CreateFormFile("photo", "cat.jpg")
	_, _ = io.CopyN(part, endless{}, photo)
	_ = form.Close()
	got, _, err := l.send(ctx, http.StatusForbidden, http.MethodPost, "/signup", &body, header("Content-Type", form.FormDataContentType()))
	return got, err
}

// endless is a stream of bytes that do not compress well.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(i*7 ^ i>>3)
	}
	return len(b), nil
}

// slow sends a submission a few bytes at a time, for about five seconds.
func (l *load) slow(ctx context.Context) error {
	body := "user=ada&email=ada%40example.org&text=" + strings.Repeat("a", 62)
	pipe, in := io.Pipe()
	go func() {
		for rest := body; rest != ""; {
			n := min(10, len(rest))
			if _, err := io.WriteString(in, rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
			sleep(ctx, 500*time.Millisecond)
		}
		in.Close()
	}()
	defer pipe.Close()
	known := func(r *http.Request) {
		if rand.N(2) == 0 {
			r.ContentLength = int64(len(body))
		}
	}
	_, _, err := l.send(ctx, http.StatusForbidden, http.MethodPost, "/signup", pipe, known)
	return err
}

func (l *load) dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", hostOf(l.url))
}

func head(method, path string, length int) string {
	text := method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: " + rig.Addr() + "\r\n"
	if length > 0 {
		text += fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", length)
	}
	return text + "\r\n"
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
