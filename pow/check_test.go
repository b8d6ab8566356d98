package pow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/pow"
)

func TestWhatTheRealWidgetSendsPasses(t *testing.T) {
	r := widget(t)
	c := newCaptcha(t, pow.Config{Keys: pow.Keys{Current: []byte(r.Key)}, Levels: pow.DefaultLevels()})
	if len(r.Recordings) != 3 {
		t.Fatalf("%d recordings", len(r.Recordings))
	}
	for level, rec := range r.Recordings {
		proof, ok := passes(t, c, rec.Payload, []byte(r.Binding), time.UnixMilli(rec.Issued+500))
		if !ok {
			_, why := c.Check(rec.Payload, []byte(r.Binding), time.UnixMilli(rec.Issued+500))
			t.Errorf("level %d: refused, %q", level, why)
		}
		if got := proof.Issued().UnixMilli(); int(proof.Level()) != level || got != rec.Issued || proof.Expires().Unix() != rec.Expires {
			t.Errorf("level %d: read as level %d, issued %v, expires %v", level, proof.Level(), proof.Issued(), proof.Expires())
		}
		if proof.Derived() != (level > 0) {
			t.Errorf("level %d: Derived is %v", level, proof.Derived())
		}
	}
	if _, why := c.Check(r.TestMode, []byte(r.Binding), start); why != pow.ReasonTestMode {
		t.Errorf("test mode: %q", why)
	}
}

func TestRoundTrip(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	for level := range uint8(2) {
		payload := solve(t, issue(t, c, at(level, start)))
		proof, ok := passes(t, c, payload, binding, start.Add(time.Second))
		if !ok || proof.Level() != level || !proof.Issued().Equal(start) || proof.Expires() != start.Add(time.Minute).Truncate(time.Second) {
			t.Errorf("level %d: %v, %+v", level, ok, proof)
		}
	}
}

func TestAClientMayWriteTheChallengeAnew(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	for level := range uint8(2) {
		var p struct {
			Challenge struct {
				Signature  string          `json:"signature"`
				Parameters json.RawMessage `json:"parameters"`
			} `json:"challenge"`
			Solution struct {
				Time       float64 `json:"time"`
				DerivedKey string  `json:"derivedKey"`
				Counter    uint32  `json:"counter"`
			} `json:"solution"`
		}
		text := decode(t, solve(t, issue(t, c, at(level, start))))
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		for name, write := range map[string]func() ([]byte, error){
			"other order": func() ([]byte, error) { return json.Marshal(p) },
			"indented":    func() ([]byte, error) { return json.MarshalIndent(p, " ", "\t") },
			"no time": func() ([]byte, error) {
				at := strings.LastIndex(text, `,"time"`)
				return []byte(text[:at] + "}}"), nil
			},
		} {
			again, err := write()
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := passes(t, c, encode(string(again)), binding, start); !ok {
				t.Errorf("level %d, %s: refused: %s", level, name, again)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	rest := func(config pow.Config) *pow.Captcha { return newCaptcha(t, config) }
	for level := range uint8(2) {
		payload := solve(t, issue(t, c, at(level, start)))
		expires := start.Add(time.Minute).Truncate(time.Second)
		text := decode(t, payload)
		// with replaces the text of a member's value in the payload.
		with := func(name, value string) string {
			m := find(t, text, name)
			return encode(text[:m.value] + value + text[m.end:])
		}
		value := func(name string) string {
			m := find(t, text, name)
			return strings.Trim(text[m.value:m.end], `"`)
		}
		quote := func(text string) string { return `"` + text + `"` }
		padded := encode(text + strings.Repeat(" ", (4-len(text)%3)%3)) // ends in ==
		swapped := solve(t, issue(t, pow.SwapPurposes(c), at(level, start)))
		for _, test := range []struct {
			name    string
			captcha *pow.Captcha
			payload string
			binding []byte
			now     time.Time
			want    pow.Reason
		}{
			{"the payload as it is", c, payload, binding, start, ""},
			{"at the last moment", c, payload, binding, expires.Add(-time.Nanosecond), ""},
			{"with a clock that is a little behind", c, payload, binding, start.Add(-4 * time.Second), ""},
			{"under a key that has moved to the others", rest(pow.Config{Keys: pow.Keys{Current: otherKey, Others: [][]byte{testKey}}}), payload, binding, start, ""},

			{"with spaces behind", c, padded, binding, start, ""},

			{"nothing", c, "", binding, start, pow.ReasonMissing},
			{"a byte too much", c, strings.Repeat("A", pow.MaxPayload+1), binding, start, pow.ReasonOversize},
			{"a megabyte", c, strings.Repeat("A", 1<<20), binding, start, pow.ReasonOversize},
			{"no base64", c, "%" + payload[1:], binding, start, pow.ReasonMalformed},
			{"base64 of nothing", c, "====", binding, start, pow.ReasonMalformed},
			{"base64 cut short", c, payload[:len(payload)-1], binding, start, pow.ReasonMalformed},
			{"base64 with a line break", c, payload[:76] + "\n" + payload[76:], binding, start, pow.ReasonMalformed},
			{"base64 with line breaks that keep the length", c, payload[:72] + "\r\n\r\n" + payload[72:], binding, start, pow.ReasonMalformed},
			{"base64 whose padding hides bits", c, padded[:len(padded)-3] + string(padded[len(padded)-3]+1) + "==", binding, start, pow.ReasonMalformed},
			{"base64 without padding", c, strings.TrimRight(padded, "="), binding, start, pow.ReasonMalformed},
			{"two payloads", c, encode(text + text), binding, start, pow.ReasonMalformed},
			{"a payload in an array", c, encode("[" + text + "]"), binding, start, pow.ReasonMalformed},
			{"escapes, which would be a second spelling", c, encode(strings.Replace(text, `"salt"`, `"s\u0061lt"`, 1)), binding, start, pow.ReasonMalformed},
			{"a member in other case, which encoding/json would accept", c, encode(strings.Replace(text, `"counter"`, `"Counter"`, 1)), binding, start, pow.ReasonMalformed},
			{"a payload that adds test mode", c, encode(strings.Replace(text, `"solution"`, `"test":true,"solution"`, 1)), binding, start, pow.ReasonMalformed},
			{"hex in upper case", c, with("nonce", quote("A"+value("nonce")[1:])), binding, start, pow.ReasonMalformed},
			{"test mode", c, encode(`{"challenge":null,"solution":null,"test":true}`), binding, start, pow.ReasonTestMode},

			{"another binding", c, payload, []byte("example.com/login"), start, pow.ReasonForged},
			{"another site", c, payload, []byte("example.org/signup"), start, pow.ReasonForged},
			{"a longer binding", c, payload, append(binding[:len(binding):len(binding)], 0), start, pow.ReasonForged},
			{"a shorter binding", c, payload, binding[:len(binding)-1], start, pow.ReasonForged},
			{"no binding", c, payload, nil, start, pow.ReasonForged},
			{"a binding beyond any limit", c, payload, make([]byte, pow.MaxBinding+1), start, pow.ReasonForged},
			{"another key", rest(pow.Config{Keys: pow.Keys{Current: otherKey}}), payload, binding, start, pow.ReasonForged},
			{"signed for another purpose with the same key", c, swapped, binding, start, pow.ReasonForged},
			{"another level", c, with("salt", quote(fmt.Sprintf("%02x", 1-level)+value("salt")[2:])), binding, start, pow.ReasonForged},
			{"less cost", c, with("cost", "1"), binding, start, pow.ReasonForged},
			{"a later expiry", c, with("expiresAt", fmt.Sprint(expires.Unix()+1)), binding, start, pow.ReasonForged},
			{"another prefix that fits", c, with("keyPrefix", quote(value("derivedKey")[:2])), binding, start, pow.ReasonForged},

			{"expired", c, payload, binding, expires, pow.ReasonExpired},
			{"long expired", c, payload, binding, expires.Add(time.Hour), pow.ReasonExpired},
			{"from the future", c, payload, binding, start.Add(-6 * time.Second), pow.ReasonFuture},
			{"a key without the prefix", c, with("derivedKey", quote(strings.Repeat("f", 64))), binding, start, pow.ReasonUnsolved},
		} {
			proof, why := test.captcha.Check(test.payload, test.binding, test.now)
			if why != test.want {
				t.Errorf("level %d, %s: %q, want %q", level, test.name, why, test.want)
			}
			if why != "" && proof != (pow.Proof{}) {
				t.Errorf("level %d, %s: refused with a proof", level, test.name)
			}
		}
	}
}

func TestALevelThatIsConfiguredNoLongerIsRefused(t *testing.T) {
	payload := solve(t, issue(t, newCaptcha(t, pow.Config{}), at(1, start)))
	less := newCaptcha(t, pow.Config{Levels: cheap[:1]})
	if _, why := less.Check(payload, binding, start); why != pow.ReasonLevel {
		t.Errorf("%q", why)
	}
}

// A change of configuration must not invalidate open challenges: the signed work
// counts.
func TestAChallengeKeepsTheWorkItWasIssuedWith(t *testing.T) {
	payload := solve(t, issue(t, newCaptcha(t, pow.Config{}), at(0, start)))
	more := newCaptcha(t, pow.Config{Levels: []pow.Work{{Cost: 9, Prefix: "00"}}})
	if _, ok := passes(t, more, payload, binding, start); !ok {
		t.Error("refused")
	}
}

func TestAPickedCounterIsPartOfItsSolution(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	text := decode(t, solve(t, issue(t, c, at(1, start))))
	i := strings.Index(text, `"counter":`) + len(`"counter":`)
	wrong := text[:i] + "9" + text[i:]
	if _, why := c.Check(encode(wrong), binding, start); why != pow.ReasonWrongKey {
		t.Errorf("another counter: %q", why)
	}
	i = strings.Index(text, `"derivedKey":"`) + len(`"derivedKey":"`) + 63
	last := "0"
	if text[i] == '0' {
		last = "1"
	}
	if _, why := c.Check(encode(text[:i]+last+text[i+1:]), binding, start); why != pow.ReasonWrongKey {
		t.Errorf("the right half of the key alone: %q", why)
	}
}

// A client may know the protocol and skip the work: any key that begins with the prefix
// passes Check. Derive must refuse it.
func TestDeriveRefusesAKeyThatWasMadeUp(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	text := decode(t, solve(t, issue(t, c, at(0, start))))
	i := strings.Index(text, `"derivedKey":"`) + len(`"derivedKey":"`)
	proof, why := c.Check(encode(text[:i]+strings.Repeat("0", 64)+text[i+64:]), binding, start)
	if why != "" {
		t.Fatal(why)
	}
	if ok, err := c.Derive(context.Background(), proof); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

// mutant checks the law for one changed payload: it is refused, or it has exactly the
// meaning of the original.
func mutant(t *testing.T, c *pow.Captcha, original pow.Proof, text, what string) (equivalent bool) {
	t.Helper()
	proof, ok := passes(t, c, encode(text), binding, start)
	if ok && proof != original {
		t.Errorf("%s: accepted as another proof: %s", what, text)
	}
	return ok
}

func TestEveryChangedByteIsRefusedOrMeansNothing(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	for level := range uint8(2) {
		text := decode(t, solve(t, issue(t, c, at(level, start))))
		original, _ := passes(t, c, encode(text), binding, start)
		timeAt := strings.Index(text, `"time":`)
		for i := range text {
			for bit := range 8 {
				flipped := []byte(text)
				flipped[i] ^= 1 << bit
				if mutant(t, c, original, string(flipped), "flipped") && i < timeAt {
					t.Errorf("level %d: byte %d, bit %d: accepted: %s", level, i, bit, flipped)
				}
			}
			for what, changed := range map[string]string{
				"taken out": text[:i] + text[i+1:],
				"doubled":   text[:i+1] + text[i:],
			} {
				if mutant(t, c, original, changed, what) && i < timeAt {
					t.Errorf("level %d: byte %d %s: accepted: %s", level, i, what, changed)
				}
			}
			if mutant(t, c, original, text[:i], "cut") || mutant(t, c, original, text[i:], "beheaded") && i > 0 {
				t.Errorf("level %d: accepted when cut at %d", level, i)
			}
		}
	}
}

func TestEveryMemberCountsAndCountsOnce(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	values := []string{
		`null`, `true`, `false`, `0`, `1`, `-1`, `1.5`, `1e1`, `01`, `32.0`, `99999999999999999999`, `""`, `"x"`, `"00"`,
		`[]`, `{}`, `[0]`, `{"a":1}`, `"\u0030"`, `+1`, `NaN`,
	}
	for level := range uint8(2) {
		text := decode(t, solve(t, issue(t, c, at(level, start))))
		original, _ := passes(t, c, encode(text), binding, start)
		found := members(t, text)
		if want := 14 + int(level); len(found) != want {
			t.Fatalf("%d members, want %d", len(found), want)
		}
		for _, m := range found {
			free := m.name == "time" // its value has no meaning
			refused := func(what, mutated string, mayPass bool) {
				t.Helper()
				if mutant(t, c, original, mutated, what) && !mayPass {
					t.Errorf("level %d, %s %s: accepted: %s", level, m.name, what, mutated)
				}
			}
			whole := text[m.start:m.end]
			dropped := text[:m.start] + text[m.end:]
			for _, comma := range [][2]string{{",,", ","}, {"{,", "{"}, {",}", "}"}} {
				dropped = strings.Replace(dropped, comma[0], comma[1], 1)
			}
			if !json.Valid([]byte(dropped)) {
				t.Fatalf("dropped badly: %s", dropped)
			}
			refused("dropped", dropped, free)
			refused("duplicated", text[:m.end]+","+whole+text[m.end:], false)
			refused("given twice with another value", text[:m.end]+`,"`+m.name+`":0`+text[m.end:], false)
			refused("after a stranger", text[:m.start]+`"x":1,`+text[m.start:], false)
			refused("renamed", text[:m.start]+`"`+m.name+`x"`+text[m.value-1:], false)
			refused("quoted", text[:m.value]+`"`+text[m.value:m.end]+`"`+text[m.end:], false)
			was := text[m.value:m.end]
			for _, v := range []string{"0" + was, was + ".0", was + "e0", "+" + was, "-" + was} {
				refused("spelt "+v, text[:m.value]+v+text[m.end:], free)
			}
			if n, ok := new(big.Int).SetString(was, 10); ok && !free {
				for _, bits := range []uint{32, 64} { // a narrow integer would lose these bits
					v := new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), bits)).String()
					refused("as "+v, text[:m.value]+v+text[m.end:], false)
				}
			}
			for _, v := range values {
				if v != was {
					refused("as "+v, text[:m.value]+v+text[m.end:], free)
				}
			}
		}
	}
}

func TestTwoKeysWithOneIDAreBothTried(t *testing.T) {
	idOf := func(c *pow.Captcha) string {
		text := string(issue(t, c, at(0, start)))
		return text[strings.Index(text, `"salt":"`)+10:][:2]
	}
	a := newCaptcha(t, pow.Config{})
	for i := range 100_000 {
		twin := []byte(fmt.Sprintf("key number %021d", i))
		b := newCaptcha(t, pow.Config{Keys: pow.Keys{Current: twin}})
		if idOf(b) != idOf(a) {
			continue
		}
		both := newCaptcha(t, pow.Config{Keys: pow.Keys{Current: twin, Others: [][]byte{testKey}}})
		for _, c := range []*pow.Captcha{a, b} {
			if _, ok := passes(t, both, solve(t, issue(t, c, at(0, start))), binding, start); !ok {
				t.Error("refused")
			}
		}
		return
	}
	t.Fatal("no two keys with one id")
}

func TestTheZeroProofIsWorthNothing(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	var p pow.Proof
	ok, err := c.Derive(context.Background(), p)
	if ok || err != nil || p.Valid() || p.Derived() {
		t.Errorf("%v, %v, %v, %v", ok, err, p.Valid(), p.Derived())
	}
}

func TestDeriveTellsAnOutageFromARefusal(t *testing.T) {
	c := newCaptcha(t, pow.Config{Derivations: 1, Wait: time.Nanosecond})
	search, _ := c.Check(solve(t, issue(t, c, at(0, start))), binding, start)
	picked, _ := c.Check(solve(t, issue(t, c, at(1, start))), binding, start)

	release := pow.Occupy(c)
	if ok, err := c.Derive(context.Background(), search); ok || !errors.Is(err, pow.ErrBusy) {
		t.Errorf("with every place taken: %v, %v", ok, err)
	}
	if ok, err := c.Derive(context.Background(), picked); !ok || err != nil {
		t.Errorf("a proof that needs no place: %v, %v", ok, err)
	}
	release()

	reason := errors.New("gone")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(reason)
	if ok, err := c.Derive(ctx, search); ok || !errors.Is(err, reason) {
		t.Errorf("with a context that ended: %v, %v", ok, err)
	}
}

func TestACaptchaServesManyAtOnce(t *testing.T) {
	c := newCaptcha(t, pow.Config{})
	var all sync.WaitGroup
	for worker := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			mine := fmt.Appendf(nil, "form %d", worker)
			for i := range 20 {
				ch := at(uint8(i%2), start)
				ch.Binding = mine
				text, err := c.AppendChallenge(nil, ch)
				if err != nil {
					t.Error(err)
					return
				}
				payload, err := pow.Solve(context.Background(), text)
				if err != nil {
					t.Error(err)
					return
				}
				proof, why := c.Check(payload, mine, start)
				if ok, err := c.Derive(context.Background(), proof); !ok || err != nil || why != "" {
					t.Errorf("%v, %v, %q", ok, err, why)
				}
			}
		}()
	}
	all.Wait()
}
