package pow_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/pow"
)

func BenchmarkIssue(b *testing.B) {
	c := newCaptcha(b, pow.Config{Levels: pow.DefaultLevels()})
	var buf []byte
	for level, name := range []string{"level 0", "level 1", "level 2"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf, _ = c.AppendChallenge(buf[:0], at(uint8(level), start))
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	c := newCaptcha(b, pow.Config{})
	for level, name := range []string{"prefix", "picked counter"} {
		payload := solve(b, issue(b, c, at(uint8(level), start)))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Check(payload, binding, start)
			}
		})
	}
}

// BenchmarkRefuse measures the cost that an anonymous sender can cause.
func BenchmarkRefuse(b *testing.B) {
	c := newCaptcha(b, pow.Config{})
	payload := solve(b, issue(b, c, at(0, start)))
	noise := make([]byte, 384)
	rand.Read(noise)
	for _, bogus := range []struct{ name, payload string }{
		{"random bytes", string(noise)},
		{"base64 of random bytes", base64.StdEncoding.EncodeToString(noise)},
		{"well formed, bad MAC", badMAC(b, payload)},
		{"longest, open objects", encode(strings.Repeat(`{"challenge":`, 88))},
		{"longest, spaces to the end", encode(strings.TrimSuffix(decode(b, payload), "}") + strings.Repeat(" ", 770))},
		{"1 MB", strings.Repeat("A", 1<<20)},
	} {
		b.Run(bogus.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, why := c.Check(bogus.payload, binding, start); why == "" {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkDerive(b *testing.B) {
	c := newCaptcha(b, pow.Config{Levels: pow.DefaultLevels()})
	proof, why := c.Check(solve(b, issue(b, c, at(0, start))), binding, start)
	if why != "" {
		b.Fatal(why)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := c.Derive(context.Background(), proof); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkAgainstPlainJSON runs each step in turns with a simple implementation of the
// same protocol (encoding/json, a new HMAC each time) and reports how many times longer
// the simple one takes. ns/op is one turn of both.
func BenchmarkAgainstPlainJSON(b *testing.B) {
	c := newCaptcha(b, pow.Config{Levels: pow.DefaultLevels()})
	challenge := issue(b, c, at(0, start))
	ours, theirs := solve(b, challenge), ""
	{
		text, err := plainIssue(at(0, start))
		if err != nil {
			b.Fatal(err)
		}
		theirs = solve(b, text)
	}
	if err := plainCheck(theirs, binding, start); err != nil {
		b.Fatal(err)
	}
	ourBad, theirBad := badMAC(b, ours), badMAC(b, theirs)
	buf := make([]byte, 0, 512)
	for _, step := range []struct {
		name         string
		ours, theirs func()
	}{
		{"issue", func() { buf, _ = c.AppendChallenge(buf[:0], at(0, start)) }, func() { plainIssue(at(0, start)) }},
		{"check", func() { c.Check(ours, binding, start) }, func() { plainCheck(theirs, binding, start) }},
		{"refuse a bad MAC", func() { c.Check(ourBad, binding, start) }, func() { plainCheck(theirBad, binding, start) }},
	} {
		b.Run(step.name, func(b *testing.B) {
			var quick, plain time.Duration
			for b.Loop() {
				t0 := time.Now()
				step.ours()
				t1 := time.Now()
				step.theirs()
				quick, plain = quick+t1.Sub(t0), plain+time.Since(t1)
			}
			b.ReportMetric(float64(plain)/float64(quick), "times-longer")
		})
	}
}

func badMAC(b *testing.B, payload string) string {
	text := decode(b, payload)
	m := find(b, text, "signature")
	last := "0"
	if text[m.end-2] == '0' {
		last = "1"
	}
	return encode(text[:m.end-2] + last + text[m.end-1:])
}

// The simple implementation: the HMAC runs over the raw parameters.

type plainParameters struct {
	Algorithm string `json:"algorithm"`
	Cost      int    `json:"cost"`
	ExpiresAt int64  `json:"expiresAt"`
	KeyLength int    `json:"keyLength"`
	KeyPrefix string `json:"keyPrefix"`
	Nonce     string `json:"nonce"`
	Salt      string `json:"salt"`
}

type plainChallenge struct {
	Parameters json.RawMessage `json:"parameters"`
	Signature  string          `json:"signature"`
}

type plainPayload struct {
	Challenge plainChallenge `json:"challenge"`
	Solution  struct {
		Counter    uint32  `json:"counter"`
		DerivedKey string  `json:"derivedKey"`
		Time       float64 `json:"time"`
	} `json:"solution"`
}

func plainIssue(ch pow.Challenge) ([]byte, error) {
	random := make([]byte, 32)
	rand.Read(random)
	p := plainParameters{
		"PBKDF2/SHA-256", 1000, ch.Expires.Unix(), 32, "00",
		hex.EncodeToString(random[:16]), hex.EncodeToString(random[16:]),
	}
	parameters, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plainChallenge{parameters, hex.EncodeToString(plainMAC(parameters, ch.Binding))})
}

func plainMAC(parameters, binding []byte) []byte {
	h := hmac.New(sha256.New, testKey)
	h.Write([]byte{byte(len(binding))})
	h.Write(binding)
	h.Write(parameters)
	return h.Sum(nil)
}

func plainCheck(text string, binding []byte, now time.Time) error {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	var sent plainPayload
	if err := json.Unmarshal(raw, &sent); err != nil {
		return err
	}
	signature, err := hex.DecodeString(sent.Challenge.Signature)
	if err != nil {
		return err
	}
	if !hmac.Equal(signature, plainMAC(sent.Challenge.Parameters, binding)) {
		return errors.New("forged")
	}
	var p plainParameters
	if err := json.Unmarshal(sent.Challenge.Parameters, &p); err != nil {
		return err
	}
	if now.Unix() >= p.ExpiresAt || !strings.HasPrefix(sent.Solution.DerivedKey, p.KeyPrefix) {
		return errors.New("expired or unsolved")
	}
	return nil
}
