package altcha_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/pow/altcha"
)

var (
	secret    = []byte("a signature secret for tests")
	keySecret = []byte("a key signature secret for tests")
	now       = time.Unix(1_795_000_000, 0)
)

func newVerifier(t testing.TB, config altcha.Config) *altcha.Verifier {
	t.Helper()
	if config.Secret == nil {
		config.Secret = secret
	}
	v, err := altcha.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// verify runs both steps and returns the class.
func verify(t testing.TB, v *altcha.Verifier, payload string, now time.Time) altcha.Reason {
	t.Helper()
	proof, why := v.Check(payload, now)
	if (why == "") != proof.Valid() {
		t.Fatalf("reason %q with a proof whose Valid is %v", why, proof.Valid())
	}
	ok, err := v.Derive(context.Background(), proof)
	switch {
	case err != nil:
		t.Fatal(err)
	case why != "" && ok:
		t.Fatalf("refused as %q, and derived", why)
	case why == "" && !ok:
		return altcha.ReasonSolution
	}
	return why
}

type vectors struct {
	Vectors []struct {
		Name        string
		Secret      string  `json:"hmac_signature_secret"`
		KeySecret   *string `json:"hmac_key_signature_secret"`
		CounterMode string  `json:"counter_mode"`
		Payload     json.RawMessage
		FieldValue  string `json:"field_value"`
		Verified    bool
		Expected    struct {
			Expired          bool
			InvalidSignature *bool
			InvalidSolution  *bool
		}
		Why string
	}
}

func readVectors(t testing.TB) (v vectors) {
	t.Helper()
	readJSON(t, "testdata/altcha-v2.vectors.json", &v)
	if len(v.Vectors) != 19 {
		t.Fatalf("%d vectors", len(v.Vectors))
	}
	return v
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestVectors(t *testing.T) {
	refused := 0
	for _, vector := range readVectors(t).Vectors {
		config := altcha.Config{Secret: []byte(vector.Secret), DecimalCounter: vector.CounterMode == "string"}
		if vector.KeySecret != nil {
			config.KeySecret = []byte(*vector.KeySecret)
		}
		is := func(b *bool) bool { return b != nil && *b }
		want := altcha.Reason("")
		switch {
		case vector.Expected.Expired:
			want = altcha.ReasonExpired
		case is(vector.Expected.InvalidSignature):
			want = altcha.ReasonSignature
		case is(vector.Expected.InvalidSolution):
			want = altcha.ReasonSolution
		}
		if (want == "") != vector.Verified {
			t.Fatalf("%s contradicts itself", vector.Name)
		}
		if want != "" {
			refused++
		}
		v := newVerifier(t, config)
		for how, payload := range map[string]string{
			"as sent":      vector.FieldValue,
			"as indented":  base64.StdEncoding.EncodeToString(vector.Payload),
			"in any order": shuffled(t, vector.Payload),
		} {
			if got := verify(t, v, payload, now); got != want {
				t.Errorf("%s (%s), %s: %q, want %q", vector.Name, vector.Why, how, got, want)
			}
		}
	}
	if refused == 0 {
		t.Error("no attacks among the vectors")
	}
}

// shuffled decodes the payload into a map and encodes it again, which sorts the members.
func shuffled(t testing.TB, text []byte) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

func TestCanonicalJSONIsThatOfAltchaLib(t *testing.T) {
	var golden struct{ Cases []struct{ In, Want string } }
	readJSON(t, "testdata/canonical.json", &golden)
	if len(golden.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range golden.Cases {
		if got, ok := altcha.Canonical([]byte(c.In)); !ok || got != c.Want {
			t.Errorf("%s: %s, %v; want %s", c.In, got, ok, c.Want)
		}
	}
}

func TestJSONThatTwoReadersCouldReadInTwoWaysIsRefused(t *testing.T) {
	var many strings.Builder
	for i := range 65 {
		fmt.Fprintf(&many, `,"m%d":1`, i)
	}
	for name, text := range map[string]string{
		"a member twice":               `{"a":1,"a":1}`,
		"a member twice, once escaped": `{"a":1,"\u0061":2}`,
		"a member twice, deep":         `{"x":[{"a":1,"a":2}]}`,
		"two values":                   `{}{}`,
		"nothing":                      ``,
		"a number beyond float64":      `{"a":1e400}`,
		"a trailing comma":             `{"a":1,}`,
		"bytes that are not UTF-8":     "\"\xff\"",
		"too deep":                     strings.Repeat("[", 9) + strings.Repeat("]", 9),
		"too many members":             `{` + many.String()[1:] + `}`,
	} {
		if got, ok := altcha.Canonical([]byte(text)); ok {
			t.Errorf("%s: read as %s", name, got)
		}
	}
}

// parameters are the parameters of a cheap challenge: PBKDF2, cost 2, a prefix of half
// a byte.
type parameters map[string]any

func cheap() parameters {
	return parameters{
		"algorithm": "PBKDF2/SHA-256", "cost": 2, "keyLength": 32, "keyPrefix": "0",
		"nonce": "000102030405060708090a0b0c0d0e0f", "salt": "f0e0d0c0b0a090807060504030201000",
		"expiresAt": now.Unix() + 60,
	}
}

type solution map[string]any

// solveCheap finds the counter that solves cheap().
func solveCheap(t testing.TB) solution {
	t.Helper()
	return solveFor(t, "0")
}

// solveFor is solveCheap for another prefix.
func solveFor(t testing.TB, prefix string) solution {
	t.Helper()
	p := cheap()
	nonce, _ := hex.DecodeString(p["nonce"].(string))
	salt, _ := hex.DecodeString(p["salt"].(string))
	for counter := range uint32(10_000) {
		key, err := pbkdf2.Key(sha256.New, string(binary.BigEndian.AppendUint32(nonce[:16:16], counter)), salt, 2, 32)
		if err != nil {
			t.Fatal(err)
		}
		if text := hex.EncodeToString(key); strings.HasPrefix(text, prefix) {
			return solution{"counter": counter, "derivedKey": text, "time": 1.5}
		}
	}
	t.Fatal("unsolved")
	return nil
}

// sign makes the payload that a client sends for signed parameters.
func sign(t testing.TB, p parameters, s solution) string {
	t.Helper()
	return signWith(t, sha256.New, secret, p, s)
}

func signWith(t testing.TB, h func() hash.Hash, secret []byte, p parameters, s solution) string {
	t.Helper()
	text, err := json.Marshal(p) // sorted, and without characters that JavaScript writes differently
	if err != nil {
		t.Fatal(err)
	}
	return payload(t, map[string]any{
		"challenge": map[string]any{"parameters": json.RawMessage(text), "signature": hex.EncodeToString(sum(h, secret, text))},
		"solution":  s,
	})
}

func payload(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

func sum(h func() hash.Hash, secret, message []byte) []byte {
	m := hmac.New(h, secret)
	m.Write(message)
	return m.Sum(nil)
}

func TestWellSignedParametersHaveBounds(t *testing.T) {
	v := newVerifier(t, altcha.Config{MaxMemory: 1024})
	good := solveCheap(t)
	if why := verify(t, v, sign(t, cheap(), good), now); why != "" {
		t.Fatalf("the cheap challenge: %q", why)
	}
	for _, test := range []struct {
		name   string
		change parameters // nil drops the member
		want   altcha.Reason
	}{
		{"an unknown algorithm", parameters{"algorithm": "MD5"}, altcha.ReasonUnsupported},
		{"an algorithm in lower case", parameters{"algorithm": "pbkdf2/sha-256"}, altcha.ReasonUnsupported},
		{"no algorithm", parameters{"algorithm": nil}, altcha.ReasonUnsupported},
		{"no cost", parameters{"cost": nil}, altcha.ReasonUnsupported},
		{"cost 0", parameters{"cost": 0}, altcha.ReasonUnsupported},
		{"a negative cost", parameters{"cost": -1}, altcha.ReasonUnsupported},
		{"half a cost", parameters{"cost": 1.5}, altcha.ReasonUnsupported},
		{"cost as text", parameters{"cost": "2"}, altcha.ReasonUnsupported},
		{"more iterations than we run", parameters{"cost": altcha.MaxIterations + 1}, altcha.ReasonUnsupported},
		{"more rounds of SHA than we run", parameters{"algorithm": "SHA-512", "cost": altcha.MaxIterations + 1}, altcha.ReasonUnsupported},
		{"a cost beyond any integer", parameters{"cost": 1e300}, altcha.ReasonUnsupported},
		{"a short key", parameters{"keyLength": 15}, altcha.ReasonUnsupported},
		{"a long key", parameters{"keyLength": 65}, altcha.ReasonUnsupported},
		{"no key length, which means 32", parameters{"keyLength": nil}, ""},
		{"no prefix", parameters{"keyPrefix": nil}, altcha.ReasonUnsupported},
		{"an empty prefix, which any key has", parameters{"keyPrefix": ""}, altcha.ReasonUnsupported},
		{"a prefix as a number", parameters{"keyPrefix": 0}, altcha.ReasonUnsupported},
		{"a prefix longer than the key", parameters{"keyPrefix": good["derivedKey"].(string) + "00"}, altcha.ReasonSolution},
		{"a prefix in upper case, which libraries lower", parameters{"keyPrefix": strings.ToUpper(good["derivedKey"].(string)[:9])}, ""},
		{"no nonce", parameters{"nonce": nil}, altcha.ReasonUnsupported},
		{"a nonce without hex", parameters{"nonce": "xx"}, altcha.ReasonUnsupported},
		{"half a byte of salt", parameters{"salt": "0"}, altcha.ReasonUnsupported},
		{"no lanes", parameters{"parallelism": 0}, altcha.ReasonUnsupported},
		{"too many lanes", parameters{"parallelism": altcha.MaxLanes + 1}, altcha.ReasonUnsupported},

		{"argon2id without a memory cost", parameters{"algorithm": "ARGON2ID"}, altcha.ReasonUnsupported},
		{"argon2id with too much memory", parameters{"algorithm": "ARGON2ID", "memoryCost": 1025}, altcha.ReasonUnsupported},
		{"argon2id with too little for its lanes", parameters{"algorithm": "ARGON2ID", "memoryCost": 15, "parallelism": 2}, altcha.ReasonUnsupported},
		{"argon2id with too many passes", parameters{"algorithm": "ARGON2ID", "memoryCost": 1024, "cost": altcha.MaxPasses + 1}, altcha.ReasonUnsupported},
		{"argon2id within bounds, but unsolved", parameters{"algorithm": "Argon2id", "memoryCost": 1024}, altcha.ReasonSolution},
		{"scrypt without r", parameters{"algorithm": "SCRYPT", "cost": 1024}, altcha.ReasonUnsupported},
		{"scrypt with an N that is no power of two", parameters{"algorithm": "SCRYPT", "cost": 1000, "memoryCost": 8}, altcha.ReasonUnsupported},
		{"scrypt with N = 1", parameters{"algorithm": "SCRYPT", "cost": 1, "memoryCost": 8}, altcha.ReasonUnsupported},
		{"scrypt with too much memory", parameters{"algorithm": "SCRYPT", "cost": 2048, "memoryCost": 8}, altcha.ReasonUnsupported},
		{"scrypt with lanes beyond it", parameters{"algorithm": "SCRYPT", "cost": 1024, "memoryCost": 8, "parallelism": 2}, altcha.ReasonUnsupported},
		{"scrypt with sizes that overflow", parameters{"algorithm": "SCRYPT", "cost": 1 << 30, "memoryCost": 1 << 30}, altcha.ReasonUnsupported},
		{"scrypt within bounds, but unsolved", parameters{"algorithm": "Scrypt", "cost": 1024, "memoryCost": 8}, altcha.ReasonSolution},

		{"expired", parameters{"expiresAt": now.Unix()}, altcha.ReasonExpired},
		{"a moment before it expires", parameters{"expiresAt": float64(now.Unix()) + 0.5}, ""},
		{"no expiry", parameters{"expiresAt": nil}, altcha.ReasonExpired},
		{"an expiry as text", parameters{"expiresAt": "4102444800"}, altcha.ReasonExpired},
		{"an expiry beyond reason", parameters{"expiresAt": 1e12}, altcha.ReasonExpired},
		{"an expiry before all time", parameters{"expiresAt": -1}, altcha.ReasonExpired},

		{"a member we do not know", parameters{"future": map[string]any{"x": []int{1}}}, ""},
		{"a keySignature, but no secret for it", parameters{"keySignature": "00"}, ""},
	} {
		p := cheap()
		for name, value := range test.change {
			if p[name] = value; value == nil {
				delete(p, name)
			}
		}
		if got := verify(t, v, sign(t, p, good), now); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestSolutionsHaveOneForm(t *testing.T) {
	v := newVerifier(t, altcha.Config{})
	for _, test := range []struct {
		name   string
		change solution // nil drops the member
		want   altcha.Reason
	}{
		{"as it is", nil, ""},
		{"no time", solution{"time": nil}, ""},
		{"a member we do not know", solution{"took": 1}, ""},
		{"no counter", solution{"counter": nil}, altcha.ReasonSolution},
		{"another counter", solution{"counter": 9999}, altcha.ReasonSolution},
		{"a negative counter", solution{"counter": -1}, altcha.ReasonSolution},
		{"a broken counter", solution{"counter": 0.5}, altcha.ReasonSolution},
		{"a counter as text", solution{"counter": "0"}, altcha.ReasonSolution},
		{"a counter beyond 32 bits", solution{"counter": 1 << 32}, altcha.ReasonSolution},
		{"no key", solution{"derivedKey": nil}, altcha.ReasonSolution},
		{"an empty key", solution{"derivedKey": ""}, altcha.ReasonSolution},
		{"the prefix as the key", solution{"derivedKey": "00"}, altcha.ReasonSolution},
		{"a key that is no hex", solution{"derivedKey": "0" + strings.Repeat("x", 63)}, altcha.ReasonSolution},
		{"a key that was made up", solution{"derivedKey": strings.Repeat("0", 64)}, altcha.ReasonSolution},
		{"a key in upper case", solution{"derivedKey": strings.ToUpper(solveCheap(t)["derivedKey"].(string))}, altcha.ReasonSolution},
	} {
		s := solveCheap(t)
		for name, value := range test.change {
			if s[name] = value; value == nil {
				delete(s, name)
			}
		}
		if got := verify(t, v, sign(t, cheap(), s), now); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestAMissingCounterIsNotZero(t *testing.T) {
	p := cheap()
	for _, digit := range "0123456789abcdef" {
		s := solveFor(t, string(digit))
		if s["counter"] != uint32(0) {
			continue
		}
		p["keyPrefix"] = string(digit)
		v := newVerifier(t, altcha.Config{})
		if why := verify(t, v, sign(t, p, s), now); why != "" {
			t.Errorf("counter 0: %q", why)
		}
		delete(s, "counter")
		if why := verify(t, v, sign(t, p, s), now); why != altcha.ReasonSolution {
			t.Errorf("no counter: %q", why)
		}
		return
	}
	t.Fatal("counter 0 solves no prefix")
}

func TestPayloadsThatAreNone(t *testing.T) {
	v := newVerifier(t, altcha.Config{})
	good := sign(t, cheap(), solveCheap(t))
	enc := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, test := range []struct {
		name, payload string
		want          altcha.Reason
	}{
		{"nothing", "", altcha.ReasonMissing},
		{"too much", strings.Repeat("A", altcha.MaxPayload+1), altcha.ReasonOversize},
		{"no base64", "%%%%", altcha.ReasonMalformed},
		{"a line break", good[:76] + "\n" + good[76:], altcha.ReasonMalformed},
		{"no JSON", enc("x"), altcha.ReasonMalformed},
		{"an array", enc("[]"), altcha.ReasonMalformed},
		{"an empty object", enc("{}"), altcha.ReasonMalformed},
		{"a payload of version 1", enc(`{"algorithm":"SHA-256","challenge":"00","number":1,"salt":"0?&","signature":"00"}`), altcha.ReasonMalformed},
		{"no solution", enc(`{"challenge":{"parameters":{},"signature":""}}`), altcha.ReasonMalformed},
		{"no parameters", enc(`{"challenge":{"signature":""},"solution":{}}`), altcha.ReasonMalformed},
		{"test mode", enc(`{"challenge":null,"solution":null,"test":true}`), altcha.ReasonTestMode},
		{"test mode beside a payload", enc(`{"challenge":{"parameters":{},"signature":""},"solution":{},"test":true}`), altcha.ReasonTestMode},
		{"no signature", enc(`{"challenge":{"parameters":{}},"solution":{}}`), altcha.ReasonSignature},
		{"a signature that is no text", enc(`{"challenge":{"parameters":{},"signature":0},"solution":{}}`), altcha.ReasonSignature},
		{"a signature by another secret", signWith(t, sha256.New, keySecret, cheap(), solveCheap(t)), altcha.ReasonSignature},
		{"a signature by another hash", signWith(t, sha512.New, secret, cheap(), solveCheap(t)), altcha.ReasonSignature},
	} {
		if got := verify(t, v, test.payload, now); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// ALTCHA's widget runs btoa over JSON.stringify, which encodes é as one byte.
func TestLatin1OfTheWidgetIsRead(t *testing.T) {
	v := newVerifier(t, altcha.Config{})
	p := cheap()
	p["data"] = map[string]any{"form": "café"}
	utf8, err := base64.StdEncoding.DecodeString(sign(t, p, solveCheap(t)))
	if err != nil {
		t.Fatal(err)
	}
	latin1 := strings.ReplaceAll(string(utf8), "é", "\xe9")
	for name, text := range map[string]string{"UTF-8": string(utf8), "Latin-1": latin1} {
		proof, why := v.Check(base64.StdEncoding.EncodeToString([]byte(text)), now)
		if why != "" || string(proof.Data()) != `{"form":"café"}` {
			t.Errorf("%s: %q, data %s", name, why, proof.Data())
		}
	}
}

func TestTheKeySignatureDecidesWhereThereIsASecretForIt(t *testing.T) {
	v := newVerifier(t, altcha.Config{KeySecret: keySecret})
	s := solveCheap(t)
	key, _ := hex.DecodeString(s["derivedKey"].(string))
	with := func(signature any) string {
		p := cheap()
		p["keySignature"] = signature
		return sign(t, p, s)
	}
	good := with(hex.EncodeToString(sum(sha256.New, keySecret, key)))
	if proof, why := v.Check(good, now); why != "" || !proof.Derived() {
		t.Errorf("a good one: %q, Derived %v", why, proof.Derived())
	}
	for name, payload := range map[string]string{
		"by another secret": with(hex.EncodeToString(sum(sha256.New, secret, key))),
		"of no hex":         with("xx"),
	} {
		if why := verify(t, v, payload, now); why != altcha.ReasonSolution {
			t.Errorf("%s: %q", name, why)
		}
	}
	for name, payload := range map[string]string{"none": sign(t, cheap(), s), "an empty one": with(""), "a null": with(nil)} {
		if proof, why := v.Check(payload, now); why != "" || proof.Derived() {
			t.Errorf("%s: %q, Derived %v", name, why, proof.Derived())
		}
	}
}

func TestWhatAProofTells(t *testing.T) {
	v := newVerifier(t, altcha.Config{AllowNoExpiry: true, Hash: sha512.New})
	p, s := cheap(), solveCheap(t)
	p["data"] = map[string]any{"b": 1, "a": nil}
	first, _ := v.Check(signWith(t, sha512.New, secret, p, s), now)
	if !first.Expires().Equal(now.Add(time.Minute)) || string(first.Data()) != `{"a":null,"b":1}` {
		t.Errorf("expires %v, data %s", first.Expires(), first.Data())
	}
	delete(p, "expiresAt")
	delete(p, "data")
	second, why := v.Check(signWith(t, sha512.New, secret, p, s), now)
	if why != "" || !second.Expires().IsZero() || second.Data() != nil {
		t.Errorf("%q, expires %v, data %s", why, second.Expires(), second.Data())
	}
	if first.ID() == second.ID() || first.ID() == [16]byte{} {
		t.Errorf("IDs %x and %x", first.ID(), second.ID())
	}
}

func TestDeriveTellsAnOutageFromARefusal(t *testing.T) {
	v := newVerifier(t, altcha.Config{Derivations: 1, Wait: time.Nanosecond})
	proof, why := v.Check(sign(t, cheap(), solveCheap(t)), now)
	if why != "" {
		t.Fatal(why)
	}
	release := altcha.Occupy(v)
	if ok, err := v.Derive(context.Background(), proof); ok || !errors.Is(err, altcha.ErrBusy) {
		t.Errorf("%v, %v", ok, err)
	}
	if ok, err := v.Derive(context.Background(), altcha.Proof{}); ok || err != nil {
		t.Errorf("the zero proof: %v, %v", ok, err)
	}
	release()
}

func TestNewReportsEveryMistakeAtOnce(t *testing.T) {
	_, err := altcha.New(altcha.Config{
		Secret: []byte("short"), KeySecret: []byte{}, Hash: md5.New, MaxMemory: -1,
	})
	if err == nil {
		t.Fatal("an invalid configuration was accepted")
	}
	for _, want := range []string{"altcha: Secret", "KeySecret", "Hash", "MaxMemory"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing in:\n%v", want, err)
		}
	}
	if _, err := altcha.New(altcha.Config{}); err == nil {
		t.Error("zero Config accepted")
	}
}

func TestSecretsNeverShow(t *testing.T) {
	config := altcha.Config{Secret: secret, KeySecret: keySecret}
	shown := fmt.Sprint(config) + fmt.Sprintf("%+v %#v %s", config, config, config.LogValue())
	if strings.Contains(shown, "secret") || strings.Contains(shown, fmt.Sprint(secret)) {
		t.Errorf("a secret shows in %s", shown)
	}
}

// The law: an accepted payload carries parameters that were signed.
func FuzzCheckAcceptsOnlyWhatWasSigned(f *testing.F) {
	signed := map[string]bool{}
	var common []byte
	for _, vector := range readVectors(f).Vectors {
		raw, err := base64.StdEncoding.DecodeString(vector.FieldValue)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
		var p struct {
			Challenge struct{ Parameters json.RawMessage }
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			f.Fatal(err)
		}
		if vector.Expected.InvalidSignature == nil || !*vector.Expected.InvalidSignature {
			text, _ := altcha.Canonical(p.Challenge.Parameters)
			signed[text] = true
		}
		common = []byte(vector.Secret)
	}
	v := newVerifier(f, altcha.Config{Secret: common})
	f.Fuzz(func(t *testing.T, text string) {
		proof, why := v.Check(base64.StdEncoding.EncodeToString([]byte(text)), now)
		if why != "" {
			if proof.Valid() {
				t.Fatalf("refused as %q, with a proof", why)
			}
			return
		}
		var p struct {
			Challenge struct{ Parameters json.RawMessage }
		}
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatalf("accepted text that is not JSON: %v", err)
		}
		if text, _ := altcha.Canonical(p.Challenge.Parameters); !signed[text] {
			t.Fatalf("accepted parameters that were never signed: %s", text)
		}
	})
}

// The laws: canonical JSON has the same meaning as the original, and is its own
// canonical form.
func FuzzCanonicalJSON(f *testing.F) {
	var golden struct{ Cases []struct{ In, Want string } }
	readJSON(f, "testdata/canonical.json", &golden)
	for _, c := range golden.Cases {
		f.Add([]byte(c.In))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		once, ok := altcha.Canonical(text)
		if !ok {
			return
		}
		twice, ok := altcha.Canonical([]byte(once))
		if !ok || once != twice {
			t.Fatalf("%q, then %q, then %q", text, once, twice)
		}
		var before, after any
		if err := errors.Join(json.Unmarshal(text, &before), json.Unmarshal([]byte(once), &after)); err != nil {
			t.Fatalf("%q became %q: %v", text, once, err)
		}
		a, _ := json.Marshal(before)
		b, _ := json.Marshal(after)
		if strings.ReplaceAll(string(a), "-0", "0") != strings.ReplaceAll(string(b), "-0", "0") {
			t.Fatalf("%s became %s", a, b)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	v := newVerifier(b, altcha.Config{})
	good := sign(b, cheap(), solveCheap(b))
	forged := signWith(b, sha256.New, keySecret, cheap(), solveCheap(b))
	var members []string
	for i := range 340 {
		members = append(members, fmt.Sprintf(`"m%d":{"a":[0]}`, i))
	}
	long := base64.StdEncoding.EncodeToString([]byte("{" + strings.Join(members, ",") + "}"))
	if len(long) > altcha.MaxPayload {
		b.Fatal(len(long))
	}
	for _, bench := range []struct{ name, payload string }{
		{"valid", good}, {"bad signature", forged}, {"8 KiB", long}, {"1 MB", strings.Repeat("A", 1<<20)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.Check(bench.payload, now)
			}
		})
	}
}
