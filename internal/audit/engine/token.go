package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/pow"
)

// TestKeys are the public site keys that vendors publish for tests.
var TestKeys = []string{
	"1x00000000000000000000AA", "2x00000000000000000000AB", "1x00000000000000000000BB", "2x00000000000000000000BB", "3x00000000000000000000FF",
	"10000000-ffff-ffff-ffff-000000000001", "20000000-ffff-ffff-ffff-000000000002", "30000000-ffff-ffff-ffff-000000000003",
	"6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "aaaaaaaabbbbccccddddeeeeeeeeeeee", "5EARALUe4HXQwKo5KanZSGGKqJV4VTaytpezFwv8ZHbZewmh",
}

// tokenFieldsOf returns the names of the fields in which a service's widget stores its
// token.
func tokenFieldsOf(service string) []string {
	switch service {
	case "palisade":
		return []string{palisade.FieldTicket, palisade.FieldProof}
	case "palisade-service":
		return []string{"palisade-response"}
	}
	if field := captchatest.Field(service); field != "" {
		return []string{field}
	}
	return nil
}

// testTokens are the tokens of widgets with the vendors' public test keys.
var testTokens = map[string]string{
	captchatest.Turnstile:   "XXXX.DUMMY.TOKEN.XXXX",
	captchatest.HCaptcha:    "10000000-aaaa-bbbb-cccc-000000000001",
	captchatest.RecaptchaV2: "test-token-for-the-public-test-keys",
}

// Source makes valid tokens.
type Source interface {
	// Mint returns the fields of a fresh token, for a page loaded just now.
	Mint(ctx context.Context, pg *Page) ([]Field, error)
	// constant reports whether all tokens are equal. Nothing can then tell a used one from a
	// new one.
	constant() bool
}

// sourceOf picks the source of tokens, after a first look at the page.
func (p *Probe) sourceOf(pg *Page) (Source, error) {
	s := p.Spec
	p.Service = cmp.Or(s.Captcha, pg.widget)
	p.Filler.TokenFields = tokenFieldsOf(p.Service)
	if s.TokenField != "" {
		p.Filler.TokenFields = []string{s.TokenField}
	}
	kind, command, _ := strings.Cut(s.Token, ":")
	if kind == "" && p.Service == "palisade" {
		kind = "palisade"
	}
	if kind == "" && s.Verifier != nil {
		kind = "verifier"
	}
	if len(p.Filler.TokenFields) == 0 {
		return nil, fmt.Errorf("no captcha was found on %s: say which it is with -captcha, or its field with -token-field", pg.URL)
	}
	switch kind {
	case "palisade":
		return embedded{}, nil
	case "service":
		return &widgetTokens{address: strings.TrimRight(command, "/"), field: p.Filler.TokenFields[0], p: p}, nil
	case "cmd":
		return commandTokens{command, p.Filler.TokenFields[0]}, nil
	case "testkey":
		if testTokens[p.Service] == "" {
			return nil, fmt.Errorf("%s has no test key whose token is known", p.Service)
		}
		return constantToken{Field{p.Filler.TokenFields[0], testTokens[p.Service]}}, nil
	case "verifier":
		if !slices.Contains(captchatest.Services(), p.Service) {
			return nil, fmt.Errorf("the verifier in the middle does not speak for %q: say with -captcha which service it stands in for", p.Service)
		}
		v := &Middle{
			Server: s.Verifier, Service: p.Service, field: p.Filler.TokenFields[0], sitekey: cmp.Or(s.Sitekey, pg.sitekey, "sitekey"),
			Hostname: cmp.Or(s.Hostname, p.Target.Hostname()), Action: cmp.Or(s.CaptchaFor, pg.action),
		}
		v.Server.AnySecret()
		p.Middle = v
		return v, nil
	}
	return nil, errors.New("there is no way to a valid token: let the app ask the verifier of this audit (-verifier), or use the vendor's test keys (-token testkey), or a command that prints one (-token cmd:…)")
}

// embedded solves our own captcha in a page.
type embedded struct{}

func (embedded) constant() bool { return false }

// Mint implements Source.
func (embedded) Mint(ctx context.Context, pg *Page) ([]Field, error) {
	if pg.Challenge == nil {
		return nil, errors.New("the page has no embedded captcha")
	}
	proof, err := pow.Solve(ctx, pg.Challenge)
	if err != nil {
		return nil, err
	}
	fields := []Field{{palisade.FieldProof, proof}}
	for _, i := range pg.Form.Inputs {
		if i.Name == palisade.FieldTicket {
			fields = append(fields, Field{i.Name, i.Value})
		}
	}
	return fields, nil
}

// widgetTokens solves the widget of our own verification service as a browser does.
type widgetTokens struct {
	address, field string
	p              *Probe
}

func (*widgetTokens) constant() bool { return false }

// Mint implements Source.
func (t *widgetTokens) Mint(ctx context.Context, pg *Page) ([]Field, error) {
	query := url.Values{
		"k": {cmp.Or(t.p.Spec.Sitekey, pg.sitekey)}, "origin": {t.p.Target.Scheme + "://" + t.p.Target.Host}, "mode": {"box"},
	}
	if action := cmp.Or(t.p.Spec.CaptchaFor, pg.action); action != "" {
		query.Set("action", action)
	}
	u, err := url.Parse(t.address + "/captcha/challenge?" + query.Encode())
	if err != nil {
		return nil, err
	}
	body, err := getElsewhere(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("the widget's challenge: %w", err)
	}
	var offer struct {
		Challenge json.RawMessage
		Claims    string
	}
	if err := json.Unmarshal(body, &offer); err != nil {
		return nil, fmt.Errorf("the widget's challenge: %w", err)
	}
	proof, err := pow.Solve(ctx, offer.Challenge)
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(proof)
	if err != nil {
		return nil, err
	}
	return []Field{{t.field, base64.RawURLEncoding.EncodeToString([]byte(offer.Claims + "\n" + string(raw)))}}, nil
}

// constantToken is the token of a test key.
type constantToken struct{ field Field }

func (constantToken) constant() bool { return true }

// Mint implements Source.
func (t constantToken) Mint(context.Context, *Page) ([]Field, error) { return []Field{t.field}, nil }

// commandTokens runs a command of the user's that prints a token.
type commandTokens struct{ command, field string }

func (commandTokens) constant() bool { return false }

// Mint implements Source.
func (t commandTokens) Mint(ctx context.Context, _ *Page) ([]Field, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", t.command)
	cmd.WaitDelay = killed
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the command for a token: %w", err)
	}
	token := string(bytes.TrimSpace(out))
	if token == "" {
		return nil, errors.New("the command for a token printed nothing")
	}
	return []Field{{t.field, token}}, nil
}

// Middle is the verifier in the middle. The app asks it instead of the service. So the audit
// sees every call and chooses every answer.
type Middle struct {
	Server                                    *captchatest.Server
	Service, field, sitekey, Hostname, Action string
	Secrets                                   map[string]bool // that the app sent
}

func (*Middle) constant() bool { return false }

// Mint implements Source.
func (v *Middle) Mint(context.Context, *Page) ([]Field, error) {
	return []Field{{v.field, v.Solve(nil)}}, nil
}

// Solve makes a token. With change, a rule alters the service's answer about the token.
func (v *Middle) Solve(change func(*captchatest.Solution)) string {
	s := captchatest.Solution{Hostname: v.Hostname, Action: v.Action}
	if change != nil {
		change(&s)
	}
	return v.Server.Solve(v.Service, v.sitekey, s)
}

// Calls returns the calls of the app since the last reset.
func (v *Middle) Calls() []captchatest.Call {
	calls := v.Server.History()
	for _, c := range calls {
		for _, secret := range []string{
			c.Form.Get("secret"), c.Form.Get("privatekey"), c.Form.Get("key"), c.Query.Get("secret"), c.Query.Get("key"),
			c.Header.Get("X-Api-Key"), c.Header.Get("X-Goog-Api-Key"), strings.TrimPrefix(c.Header.Get("Authorization"), "Bearer "),
		} {
			if len(secret) < 8 {
				continue
			}
			if v.Secrets == nil {
				v.Secrets = map[string]bool{}
			}
			v.Secrets[secret] = true
		}
	}
	return calls
}

// Reset forgets the calls and removes all faults.
func (v *Middle) Reset() {
	v.Calls()
	v.Server.Clear()
	v.Server.SetClock(time.Now)
}

// Gather makes the verifier hold its answers back in every other round, until all
// submissions of a race have asked. Most apps with a race bug show it while they wait for
// the verifier.
func (v *Middle) Gather(round, calls int) {
	if v != nil && round%2 == 0 {
		v.Server.Gather(v.Service, calls, 400*time.Millisecond)
	}
}
