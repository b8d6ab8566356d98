package service_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/service"
	"github.com/palisade-dev/palisade/pow"
)

const (
	shopSecret  = "shop-secret-0123456789abcdef"
	forumSecret = "forum-secret-0123456789abcdef"
)

// stand is a service over real HTTP, with its own clock.
type stand struct {
	t *testing.T
	*httptest.Server
	mu  sync.Mutex
	now time.Time
	log bytes.Buffer
}

func (s *stand) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stand) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *stand) Write(b []byte) (int, error) { // the log
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *stand) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

func newStand(t *testing.T, options ...func(*service.Config)) *stand {
	t.Helper()
	s := &stand{t: t, now: time.Now().Truncate(time.Second)}
	config := service.Config{
		Keys:     palisade.Keys{Current: []byte("a key of the tests, of 32 bytes or more")},
		ClientIP: clientip.RemoteAddr(),
		Clock:    s.clock,
		Logger:   slog.New(slog.NewJSONHandler(s, nil)),
		Sites: []service.Site{
			{Key: "shop", Secret: shopSecret, Hosts: []string{"shop.example", "localhost:8000"}, Form: palisade.FormConfig{Ask: palisade.WhenRisky, Limits: []palisade.Limit{}}},
			{Key: "forum", Secret: forumSecret, Hosts: []string{"forum.example"}},
		},
	}
	for _, option := range options {
		option(&config)
	}
	handler, err := service.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := handler.CheapProofs(); err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

func (s *stand) get(path string) (int, []byte) {
	s.t.Helper()
	answer, err := http.Get(s.URL + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, body
}

// solve does the work of the frame in a page.
func (s *stand) solve(key, origin string, more ...string) string {
	s.t.Helper()
	query := url.Values{"k": {key}, "origin": {origin}, "mode": {"box"}}
	for i := 0; i < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	status, body := s.get("/captcha/challenge?" + query.Encode())
	if status != http.StatusOK {
		s.t.Fatalf("no challenge: %d %s", status, body)
	}
	var offer struct {
		Challenge json.RawMessage
		Claims    string
	}
	if err := json.Unmarshal(body, &offer); err != nil {
		s.t.Fatal(err)
	}
	proof, err := pow.Solve(context.Background(), offer.Challenge)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(proof)
	if err != nil {
		s.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(offer.Claims + "\n" + string(raw)))
}

// answer has the members of all siteverify answers.
type answer struct {
	Success     bool
	ErrorCodes  []string `json:"error-codes"`
	ChallengeTS string   `json:"challenge_ts"`
	Hostname    string
	Action      *string
	CData       *string
	Score       *float64
	Error       struct {
		Code string `json:"error_code"`
	}
	Data struct {
		EventID   string `json:"event_id"`
		Challenge struct{ Timestamp, Origin string }
	}
	text string
}

func (a answer) why() string { return strings.Join(append(a.ErrorCodes, a.Error.Code), "") }

const form = "application/x-www-form-urlencoded"

func (s *stand) ask(method, path, kind, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %s: clients need 200", method, path, response.Status)
	}
	a := answer{text: string(text)}
	if err := json.Unmarshal(text, &a); err != nil {
		s.t.Fatalf("%v in %s", err, text)
	}
	return a
}

// verify makes a call in Turnstile's format.
func (s *stand) verify(secret, token string) answer {
	s.t.Helper()
	return s.ask("POST", "/turnstile/v0/siteverify", form, url.Values{"secret": {secret}, "response": {token}}.Encode())
}

// call makes a signed call, and checks the signature of the answer.
func (s *stand) call(secret, path string, body any) (int, []byte) {
	s.t.Helper()
	text, _ := json.Marshal(body)
	at := fmt.Sprint(s.clock().Unix())
	signature := sign(secret, "palisade-v1", "POST", path, at, "", string(text))
	r, _ := http.NewRequest("POST", s.URL+path, bytes.NewReader(text))
	r.Header.Set("Palisade-Key", strings.SplitN(secret, "-", 2)[0])
	r.Header.Set("Palisade-Signature", "v1="+at+"."+signature)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(response.Body)
	want := "v1=" + sign(secret, "palisade-v1-answer", signature, fmt.Sprint(response.StatusCode), string(said))
	if got := response.Header.Get("Palisade-Signature"); got != want {
		s.t.Errorf("%s: %s: the answer is signed %q, want %q", path, said, got, want)
	}
	return response.StatusCode, said
}

func sign(secret string, lines ...string) string {
	hash := hmac.New(sha256.New, []byte(secret))
	io.WriteString(hash, strings.Join(lines, "\n"))
	return hex.EncodeToString(hash.Sum(nil))
}
