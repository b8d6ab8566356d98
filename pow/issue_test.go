package pow_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/pow"
)

func TestChallengeHasTheShapeTheWidgetNeeds(t *testing.T) {
	c := newCaptcha(t, pow.Config{Levels: pow.DefaultLevels()})
	hex := func(n string) string { return `"[0-9a-f]{` + n + `}"` }
	open := `^\{"parameters":\{"algorithm":"PBKDF2/SHA-256","cost":`
	end := `"nonce":` + hex("32") + `,"salt":` + hex("32") + `\},"signature":` + hex("32") + `\}$`
	for level, middle := range []string{
		`1000,"expiresAt":1795000060,"keyLength":32,"keyPrefix":"00",`,
		`2000,"expiresAt":1795000060,"keyLength":32,"keyPrefix":` + hex("32") + `,"keySignature":` + hex("32") + `,`,
		`5000,"expiresAt":1795000060,"keyLength":32,"keyPrefix":` + hex("32") + `,"keySignature":` + hex("32") + `,`,
	} {
		text := issue(t, c, at(uint8(level), start))
		if !regexp.MustCompile(open + middle + end).Match(text) {
			t.Errorf("level %d: %s", level, text)
		}
		if !json.Valid(text) {
			t.Errorf("level %d is not JSON: %s", level, text)
		}
	}
}

func TestChallengesDiffer(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	seen := map[[16]byte]bool{}
	for range 100 {
		proof, ok := passes(t, c, solve(t, issue(t, c, at(0, start))), binding, start)
		if !ok || seen[proof.ID()] {
			t.Fatalf("refused, or an ID came twice: %x", proof.ID())
		}
		seen[proof.ID()] = true
	}
}

// Counters are uniform over [0, 16): in 1600 draws each occurs about 100 times, and less
// than 40 times in about one of 10^8 runs.
func TestPickedCountersSpreadOverTheirRange(t *testing.T) {
	c := newCaptcha(t, pow.Config{Levels: []pow.Work{{Cost: 1, Counters: 16}}})
	var seen [16]int
	for range 1600 {
		text := decode(t, solve(t, issue(t, c, at(0, start))))
		var p struct{ Solution struct{ Counter int } }
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		seen[p.Solution.Counter]++
	}
	for counter, n := range seen {
		if n < 40 {
			t.Errorf("counter %d came up %d times in 1600", counter, n)
		}
	}
}

func TestAppendChallengeAppends(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	text, err := c.AppendChallenge([]byte("x="), at(0, start))
	if err != nil || !strings.HasPrefix(string(text), `x={"parameters"`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAppendChallengeRefusesWhatItCannotSign(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	for _, test := range []struct {
		name   string
		change func(*pow.Challenge)
	}{
		{"no binding, which would be valid for everything", func(ch *pow.Challenge) { ch.Binding = nil }},
		{"a binding that is too long", func(ch *pow.Challenge) { ch.Binding = make([]byte, pow.MaxBinding+1) }},
		{"a level that does not exist", func(ch *pow.Challenge) { ch.Level = 2 }},
		{"no time of issue", func(ch *pow.Challenge) { ch.Issued = time.Time{} }},
		{"the epoch as time of issue", func(ch *pow.Challenge) { ch.Issued = time.Unix(0, 0) }},
		{"a time of issue beyond 48 bits", func(ch *pow.Challenge) {
			ch.Issued = time.UnixMilli(1 << 48)
			ch.Expires = ch.Issued.Add(time.Minute)
		}},
		{"no expiry", func(ch *pow.Challenge) { ch.Expires = time.Time{} }},
		{"an expiry before the issue", func(ch *pow.Challenge) { ch.Expires = ch.Issued.Add(-time.Hour) }},
		{"an expiry within the second of issue", func(ch *pow.Challenge) { ch.Expires = ch.Issued.Add(time.Millisecond) }},
		{"a life that the widget's timer cannot count", func(ch *pow.Challenge) { ch.Expires = ch.Issued.Add(pow.MaxLife + time.Second) }},
	} {
		ch := at(0, start)
		test.change(&ch)
		if text, err := c.AppendChallenge([]byte("x"), ch); err == nil || string(text) != "x" {
			t.Errorf("%s: %s, %v", test.name, text, err)
		}
	}
	ch := at(1, start)
	ch.Binding, ch.Expires = make([]byte, pow.MaxBinding), ch.Issued.Add(pow.MaxLife)
	if _, err := c.AppendChallenge(nil, ch); err != nil {
		t.Errorf("the longest binding and life: %v", err)
	}
}

func TestIssuingAPickedCounterWaitsForAPlace(t *testing.T) {
	c := newCaptcha(t, pow.Config{Derivations: 1, Wait: time.Nanosecond})
	release := pow.Occupy(c)
	if text, err := c.AppendChallenge([]byte("x"), at(1, start)); !errors.Is(err, pow.ErrBusy) || string(text) != "x" {
		t.Errorf("with every place taken: %s, %v", text, err)
	}
	if _, err := c.AppendChallenge(nil, at(0, start)); err != nil {
		t.Errorf("a random search needs no place: %v", err)
	}
	release()
}

func TestSolveRefusesWhatItWasNotMadeFor(t *testing.T) {
	good := `{"parameters":{"algorithm":"PBKDF2/SHA-256","cost":1,"keyLength":32,"keyPrefix":"0","nonce":"00","salt":"00"},"signature":"s"}`
	if _, err := pow.Solve(context.Background(), []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another algorithm":   {"PBKDF2/SHA-256", "SHA-256"},
		"another key length":  {`"keyLength":32`, `"keyLength":16`},
		"no iterations":       {`"cost":1`, `"cost":0`},
		"too many iterations": {`"cost":1`, `"cost":100001`},
		"a nonce without hex": {`"nonce":"00"`, `"nonce":"xx"`},
		"a salt without hex":  {`"salt":"00"`, `"salt":"0"`},
		"no parameters":       {`"parameters"`, `"parameter"`},
		"parameters as text":  {`"cost":1`, `"cost":"1"`},
		"no JSON":             {`{"parameters"`, `"parameters"`},
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if _, err := pow.Solve(context.Background(), []byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSolveEndsWithItsContext(t *testing.T) {
	c := newCaptcha(t, pow.Config{Levels: []pow.Work{{Cost: 1, Prefix: "000000"}}})
	ctx, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("enough")
	cancel(reason)
	if _, err := pow.Solve(ctx, issue(t, c, at(0, start))); !errors.Is(err, reason) {
		t.Errorf("err = %v", err)
	}
}
