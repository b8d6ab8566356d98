package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/demo"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/scraper"
)

// scene is one attacker's demo and the results there.
type scene struct {
	server  *demo.Server
	shop    *shop
	solvers chan struct{}
	proxied bool   // an attacker with many addresses acts as a proxy that the demo trusts
	trusts  string // in words

	mu      sync.Mutex
	answers map[string]int // submissions by status
	first   time.Time      // when the first submission was sent …
	last    time.Time      // … and when the last one was answered
	slow    int            // submissions that may have been too slow for an attack that has to be quick
	clients []*http.Client

	effects int
	stopped map[string]int
}

// Sources of the client's address that a demo trusts.
const (
	trustsSocket = "socket"
	trustsProxy  = "proxy 127.0.0.1"
)

func newScene(a attacker, means *means, protected bool) (*scene, error) {
	s := &scene{shop: means.shop, solvers: means.solvers, trusts: trustsSocket, answers: make(map[string]int)}
	config := demo.Config{
		ClientIP:    clientip.RemoteAddr(),
		Unprotected: !protected,
		Logger:      slog.New(slog.DiscardHandler),
	}
	if a.service {
		config.Captcha, config.InsecureTestKeys = means.shop.provider(), true
	}
	if a.networks && means.oneAddress || a.proxied {
		s.proxied, s.trusts = true, trustsProxy
		config.ClientIP = clientip.Proxies("127.0.0.1/32")
	}
	var err error
	s.server, err = demo.Start("127.0.0.1:0", false, config)
	return s, err
}

func (s *scene) close() {
	for _, c := range s.clients {
		c.CloseIdleConnections()
	}
	s.server.Stop()
}

// takeDown asks the demo for the accepted submissions, and for the reasons of the refusals.
func (s *scene) takeDown(ctx context.Context) error {
	v := s.visitor()
	effects := make(map[string]int)
	if err := v.getJSON(ctx, "/effects", &effects); err != nil {
		return err
	}
	for _, n := range effects {
		s.effects += n
	}
	var decisions []struct {
		Outcome  string
		Reason   palisade.Reason
		Findings []palisade.Finding
	}
	if err := v.getJSON(ctx, "/decisions", &decisions); err != nil {
		return err
	}
	s.stopped = make(map[string]int)
	for _, d := range decisions {
		if d.Outcome != palisade.Allow.String() {
			s.stopped[Why(d.Reason, d.Findings)]++
		}
	}
	return nil
}

// visitor is a client with its own address. It sends the headers of a browser, because any
// bot can.
type visitor struct {
	scene  *scene
	client *http.Client
	header http.Header
}

// visitor returns a client at 127.0.0.1.
func (s *scene) visitor() *visitor { return s.visitorAt(netip.MustParseAddr("127.0.0.1")) }

// visitorIn returns a client in the n-th of many networks, n below 200. On a system with the
// whole loopback network, such as Linux, the client uses an address of it. Elsewhere the
// client is behind a proxy that the demo trusts.
func (s *scene) visitorIn(n byte) *visitor {
	if !s.proxied {
		return s.visitorAt(netip.AddrFrom4([4]byte{127, 20 + n, n, 7}))
	}
	v := s.visitor()
	v.header.Set("X-Forwarded-For", netip.AddrFrom4([4]byte{198, 18, n, 7}).String())
	return v
}

// visitorOf returns a client whose address the trusted proxy reports.
func (s *scene) visitorOf(addr netip.Addr) *visitor {
	v := s.visitor()
	v.header.Set("X-Forwarded-For", addr.String())
	return v
}

func (s *scene) visitorAt(addr netip.Addr) *visitor {
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, 0))}
	v := &visitor{scene: s, header: make(http.Header), client: &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 100},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}}
	v.header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0")
	v.header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	v.header.Set("Accept-Language", "en")
	v.header.Set("Sec-Fetch-Site", "same-origin")
	v.header.Set("Origin", s.server.URL)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, v.client)
	return v
}

// manyAddresses reports whether this machine can call from all of 127.0.0.0/8.
func manyAddresses() bool {
	listener, err := net.Listen("tcp", "127.20.0.7:0")
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

// answer is the demo's answer to a request.
type answer struct {
	status  int
	body    []byte
	cookies []*http.Cookie
	asked   time.Time
}

const maxAnswer = 4 << 20

func (v *visitor) do(ctx context.Context, method, path, kind, body string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, v.scene.server.URL+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header = v.header.Clone()
	if method == http.MethodGet {
		r.Header.Del("Origin") // browsers send it with submissions only
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	asked := time.Now()
	response, err := v.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return answer{response.StatusCode, text, response.Cookies(), asked}, err
}

func (v *visitor) getJSON(ctx context.Context, path string, into any) error {
	a, err := v.do(ctx, http.MethodGet, path, "", "")
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("GET %s: status %d", path, a.status)
	}
	return json.Unmarshal(a.body, into)
}

// load opens a form's page.
func (v *visitor) load(ctx context.Context, form string) (*paper, error) {
	a, err := v.do(ctx, http.MethodGet, "/"+form, "", "")
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("GET /%s: status %d", form, a.status)
	}
	f, err := scraper.Read(bytes.NewReader(a.body))
	if err != nil {
		return nil, err
	}
	return &paper{Form: f, asked: a.asked, got: time.Now()}, nil
}

// post submits a form and notes the status of the answer.
func (v *visitor) post(ctx context.Context, form string, fields url.Values) (answer, error) {
	return v.submit(ctx, "/"+form, "application/x-www-form-urlencoded", fields.Encode())
}

// postJSON submits to a form's endpoint for programs.
func (v *visitor) postJSON(ctx context.Context, form string, fields map[string]string) (answer, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return answer{}, err
	}
	return v.submit(ctx, "/"+form+"/submit", "application/json", string(body))
}

func (v *visitor) submit(ctx context.Context, path, kind, body string) (answer, error) {
	a, err := v.do(ctx, http.MethodPost, path, kind, body)
	if err != nil {
		return a, err
	}
	v.noted(a)
	return a, nil
}

// noted notes an answer.
func (v *visitor) noted(a answer) {
	v.scene.mu.Lock()
	defer v.scene.mu.Unlock()
	v.scene.answers[strconv.Itoa(a.status)]++
	if v.scene.first.IsZero() || a.asked.Before(v.scene.first) {
		v.scene.first = a.asked
	}
	v.scene.last = time.Now()
}

// solve makes the proof of a form. All attackers share the processors of one machine. More
// proofs at once would only slow down the demos.
func (s *scene) solve(ctx context.Context, p *paper) error {
	s.solvers <- struct{}{}
	defer func() { <-s.solvers }()
	return p.Solve(ctx)
}

// quick notes a submission that is an attack only if it is faster than people type. On a
// machine that is too busy for that, Palisade need not stop it.
func (s *scene) quick(p *paper) {
	if time.Since(p.asked) >= demo.MinFill {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.slow++
	}
}

// asProgram makes a client ask for problem+json, which contains the challenge for programs.
func (v *visitor) asProgram() *visitor {
	v.header.Set("Accept", "application/json")
	return v
}

// offered returns the ticket in a refusal, or nil.
func (a answer) offered() *paper {
	var problem struct{ Challenge *palisade.Offer }
	if json.Unmarshal(a.body, &problem) != nil || problem.Challenge == nil {
		return nil
	}
	wait := time.Duration(problem.Challenge.Wait) * time.Millisecond
	return &paper{Form: scraper.Offered(problem.Challenge), wait: wait, asked: a.asked, got: time.Now()}
}
