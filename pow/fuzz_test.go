package pow_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/pow"
)

// The law: Check accepts a payload only if we issued its parameters and signature for this
// binding, and before it expires, whatever else the payload holds.
func FuzzCheckAcceptsOnlyWhatWasIssued(f *testing.F) {
	r := widget(f)
	c := newCaptcha(f, pow.Config{Keys: pow.Keys{Current: []byte(r.Key)}, Levels: pow.DefaultLevels()})
	issued := map[string]any{} // by signature
	for _, rec := range r.Recordings {
		var ch struct {
			Parameters any
			Signature  string
		}
		if err := json.Unmarshal([]byte(rec.Challenge), &ch); err != nil {
			f.Fatal(err)
		}
		issued[ch.Signature] = ch.Parameters
		f.Add(decode(f, rec.Payload), []byte(r.Binding), rec.Issued)
	}
	f.Add(decode(f, r.TestMode), []byte(r.Binding), r.Recordings[0].Issued)
	f.Fuzz(func(t *testing.T, text string, bound []byte, nowMilli int64) {
		now := time.UnixMilli(nowMilli)
		proof, why := c.Check(encode(text), bound, now)
		if why != "" {
			if proof != (pow.Proof{}) {
				t.Fatalf("refused as %q, with a proof", why)
			}
			return
		}
		var sent struct {
			Challenge struct {
				Parameters any
				Signature  string
			}
			Solution struct {
				Counter    json.Number
				DerivedKey string
			}
		}
		if err := json.Unmarshal([]byte(text), &sent); err != nil {
			t.Fatalf("accepted text that is not JSON: %v", err)
		}
		want, known := issued[sent.Challenge.Signature]
		switch {
		case !known || !reflect.DeepEqual(want, sent.Challenge.Parameters):
			t.Fatalf("accepted a challenge that was never issued: %s", text)
		case string(bound) != r.Binding:
			t.Fatalf("accepted for another binding: %q", bound)
		case !proof.Valid() || !now.Before(proof.Expires()) || now.Add(5*time.Second).Before(proof.Issued()):
			t.Fatalf("accepted out of time, at %v", now)
		}
	})
}

// The law: a challenge issued within the limits and solved passes for its own binding in
// time. It does not pass for another binding, or too late.
func FuzzIssueSolveCheck(f *testing.F) {
	f.Add([]byte("b"), []byte("c"), uint8(1), uint8(0), false, int64(1), uint32(60))
	f.Add([]byte("example.com"), []byte("example.org"), uint8(200), uint8(7), true, int64(1_795_000_000_123), uint32(1))
	f.Add(make([]byte, pow.MaxBinding), []byte{}, uint8(3), uint8(255), true, int64(1<<47), uint32(1<<30))
	f.Fuzz(func(t *testing.T, bound, other []byte, cost, amount uint8, picked bool, issued int64, life uint32) {
		work := pow.Work{Cost: int(cost)}
		if picked {
			work.Counters = int(amount)
		} else {
			work.Prefix = hex.EncodeToString([]byte{amount})[amount%2:]
		}
		c, err := pow.New(pow.Config{Keys: pow.Keys{Current: testKey}, Levels: []pow.Work{cheap[0], work}})
		if err != nil {
			if cost > 0 && (amount > 0 || !picked) {
				t.Fatal(err)
			}
			return
		}
		at := time.UnixMilli(issued)
		ch := pow.Challenge{Binding: bound, Level: 1, Issued: at, Expires: at.Add(time.Duration(life) * time.Second)}
		text, err := c.AppendChallenge(nil, ch)
		if err != nil {
			inside := len(bound) > 0 && len(bound) <= pow.MaxBinding && issued > 0 && issued < 1<<48 &&
				life > 0 && time.Duration(life)*time.Second <= pow.MaxLife
			if inside {
				t.Fatal(err)
			}
			return
		}
		payload, err := pow.Solve(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		proof, ok := passes(t, c, payload, bound, at)
		if !ok || proof.Level() != 1 || !proof.Issued().Equal(at) || proof.Derived() != picked {
			t.Fatalf("refused or misread: %v, %+v", ok, proof)
		}
		if _, ok := passes(t, c, payload, other, at); ok != (string(bound) == string(other)) {
			t.Fatalf("bound to %q, and for %q it is %v", bound, other, ok)
		}
		if _, why := c.Check(payload, bound, proof.Expires()); why != pow.ReasonExpired {
			t.Fatalf("at its expiry: %q", why)
		}
	})
}

// The law: encoding/json can read everything that our parser reads, with the same result.
func FuzzParserAgreesWithEncodingJSON(f *testing.F) {
	for _, rec := range widget(f).Recordings {
		text := decode(f, rec.Payload)
		f.Add([]byte(text))
		for _, change := range [][2]string{
			{`"keyPrefix":"0`, `"keyPrefix":"\u0030`}, {`"keyLength":`, `"keyLength":0`}, {`,"nonce"`, `"nonce"`},
			{`}}`, `,}}`}, {`{`, `{,`},
		} {
			f.Add([]byte(strings.Replace(text, change[0], change[1], 1)))
		}
		head, _, _ := strings.Cut(text, `"time":`)
		for _, number := range []string{"", "-", "-0", "01", ".5", "1.", "1.5", "1e", "1e+", "1E-2", "- 1", "+1", "0x1"} {
			f.Add([]byte(head + `"time":` + number + `}}`))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := pow.Parse(text)
		if !ok {
			return
		}
		var sent struct {
			Challenge struct {
				Parameters struct {
					Algorithm, KeyPrefix, Nonce, Salt string
					KeySignature                      *string
					Cost                              uint32
					ExpiresAt                         int64
					KeyLength                         int
				}
				Signature string
			}
			Solution struct {
				Counter    uint32
				DerivedKey string
				Time       any
			}
		}
		if err := json.Unmarshal(text, &sent); err != nil {
			t.Fatalf("we read %q, but: %v", text, err)
		}
		p, s := sent.Challenge.Parameters, sent.Solution
		if (got.KeySignature == nil) != (p.KeySignature == nil) ||
			got.KeySignature != nil && hex.EncodeToString(got.KeySignature[:]) != *p.KeySignature ||
			p.Algorithm != "PBKDF2/SHA-256" || p.KeyLength != 32 ||
			got.Cost != p.Cost || got.Expires != p.ExpiresAt || got.KeyPrefix != p.KeyPrefix ||
			hex.EncodeToString(got.Nonce[:]) != p.Nonce || hex.EncodeToString(got.Salt[:]) != p.Salt ||
			hex.EncodeToString(got.Signature[:]) != sent.Challenge.Signature ||
			got.Counter != s.Counter || hex.EncodeToString(got.DerivedKey[:]) != s.DerivedKey {
			t.Fatalf("%q: %+v, but encoding/json reads %+v", text, got, sent)
		}
	})
}
