package pow_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/pow"
)

var (
	testKey  = []byte("a test key of thirty-two bytes..")
	otherKey = []byte("another key of thirty-two bytes.")
	binding  = []byte("example.com/signup")
	start    = time.UnixMilli(1_795_000_000_123)
)

// cheap is little work for tests: a random search and a picked counter.
var cheap = []pow.Work{
	{Cost: 2, Prefix: "0"},
	{Cost: 3, Counters: 16},
}

func newCaptcha(t testing.TB, config pow.Config) *pow.Captcha {
	t.Helper()
	if config.Keys.Current == nil {
		config.Keys.Current = testKey
	}
	if config.Levels == nil {
		config.Levels = cheap
	}
	c, err := pow.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// at returns a challenge for the binding of the tests, valid for a minute.
func at(level uint8, issued time.Time) pow.Challenge {
	return pow.Challenge{Binding: binding, Level: level, Issued: issued, Expires: issued.Add(time.Minute)}
}

func issue(t testing.TB, c *pow.Captcha, ch pow.Challenge) []byte {
	t.Helper()
	text, err := c.AppendChallenge(nil, ch)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func solve(t testing.TB, challenge []byte) string {
	t.Helper()
	text, err := pow.Solve(context.Background(), challenge)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// passes reports whether a payload passes both steps.
func passes(t testing.TB, c *pow.Captcha, payload string, binding []byte, now time.Time) (pow.Proof, bool) {
	t.Helper()
	proof, why := c.Check(payload, binding, now)
	if (why == "") != proof.Valid() {
		t.Fatalf("reason %q with a proof whose Valid is %v", why, proof.Valid())
	}
	ok, err := c.Derive(context.Background(), proof)
	if err != nil {
		t.Fatal(err)
	}
	return proof, ok
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func decode(t testing.TB, payload string) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// recordings are payloads of a real widget.
type recordings struct {
	Key, Binding string
	Recordings   []recording
	TestMode     string `json:"test_mode"`
}

type recording struct {
	Issued, Expires    int64
	Challenge, Payload string
}

func widget(t testing.TB) recordings {
	t.Helper()
	text, err := os.ReadFile("testdata/widget-3.2.2.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recordings
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// member is the position of one member of an object in a JSON text.
type member struct {
	name              string
	start, value, end int // of the name, of the value, after the value
}

// members finds every member of every object in a compact JSON text.
func members(t testing.TB, text string) (found []member) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	var walk func()
	token := func() json.Token {
		tok, err := dec.Token()
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		return tok
	}
	walk = func() {
		if token() != json.Delim('{') {
			return
		}
		for dec.More() {
			m := member{name: token().(string)}
			m.value = int(dec.InputOffset()) + 1
			m.start = m.value - len(m.name) - 3
			i := len(found)
			found = append(found, m)
			walk()
			found[i].end = int(dec.InputOffset())
		}
		token()
	}
	walk()
	return found
}

// find returns the single member with that name.
func find(t testing.TB, text, name string) member {
	t.Helper()
	for _, m := range members(t, text) {
		if m.name == name {
			return m
		}
	}
	t.Fatalf("no member %s in %s", name, text)
	return member{}
}
