package audit

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

// tokenFieldsOf returns the fields in which a service's widget leaves its token.
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

// testTokens are what the widgets with the vendors' public test keys hand out.
var testTokens = map[string]string{
	captchatest.Turnstile:   "XXXX.DUMMY.TOKEN.XXXX",
	captchatest.HCaptcha:    "10000000-aaaa-bbbb-cccc-000000000001",
	captchatest.RecaptchaV2: "test-token-for-the-public-test-keys",
}

// source is how valid tokens are had.
type source interface {
	// mint returns the fields of a fresh token, for a page that was just loaded.
	mint(ctx context.Context, pg *page) ([]Field, error)
	// constant reports that every token is the same, so that a used one cannot be told from another.
	constant() bool
}

// sourceOf decides how tokens are had, after a first look at the page.
func (p *Probe) sourceOf(pg *page) (source, error) {
	s := p.spec
	p.service = cmp.Or(s.Captcha, pg.widget)
	p.tokenFields = tokenFieldsOf(p.service)
	if s.TokenField != "" {
		p.tokenFields = []string{s.TokenField}
	}
	kind, command, _ := strings.Cut(s.Token, ":")
	if kind == "" && p.service == "palisade" {
		kind = "palisade"
	}
	if kind == "" && s.Verifier != nil {
		kind = "verifier"
	}
	if len(p.tokenFields) == 0 {
		return nil, fmt.Errorf("no captcha was found on %s: say which it is with -captcha, or its field with -token-field", pg.url)
	}
	switch kind {
	case "palisade":
		return embedded{}, nil
	case "service":
		return &widgetTokens{address: strings.TrimRight(command, "/"), field: p.tokenFields[0], p: p}, nil
	case "cmd":
		return commandTokens{command, p.tokenFields[0]}, nil
	case "testkey":
		if testTokens[p.service] == "" {
			return nil, fmt.Errorf("%s has no test key whose token is known", p.service)
		}
		return constantToken{Field{p.tokenFields[0], testTokens[p.service]}}, nil
	case "verifier":
		if !slices.Contains(captchatest.Services(), p.service) {
			return nil, fmt.Errorf("the verifier in the middle does not speak for %q: say with -captcha which service it stands in for", p.service)
		}
		v := &middle{
			server: s.Verifier, service: p.service, field: p.tokenFields[0], sitekey: cmp.Or(s.Sitekey, pg.sitekey, "sitekey"),
			hostname: cmp.Or(s.Hostname, p.target.Hostname()), action: cmp.Or(s.CaptchaFor, pg.action),
		}
		v.server.AnySecret()
		p.middle = v
		return v, nil
	}
	return nil, errors.New("there is no way to a valid token: let the app ask the verifier of this audit (-verifier), or use the vendor's test keys (-token testkey), or a command that prints one (-token cmd:…)")
}

// embedded is our own captcha in a page.
type embedded struct{}

func (embedded) constant() bool { return false }

func (embedded) mint(ctx context.Context, pg *page) ([]Field, error) {
	if pg.challenge == nil {
		return nil, errors.New("the page has no embedded captcha")
	}
	proof, err := pow.Solve(ctx, pg.challenge)
	if err != nil {
		return nil, err
	}
	fields := []Field{{palisade.FieldProof, proof}}
	for _, i := range pg.form.inputs {
		if i.name == palisade.FieldTicket {
			fields = append(fields, Field{i.name, i.value})
		}
	}
	return fields, nil
}

// widgetTokens come from the widget of our own verification service, solved as a
// browser would.
type widgetTokens struct {
	address, field string
	p              *Probe
}

func (*widgetTokens) constant() bool { return false }

func (t *widgetTokens) mint(ctx context.Context, pg *page) ([]Field, error) {
	query := url.Values{
		"k": {cmp.Or(t.p.spec.Sitekey, pg.sitekey)}, "origin": {t.p.target.Scheme + "://" + t.p.target.Host}, "mode": {"box"},
	}
	if action := cmp.Or(t.p.spec.CaptchaFor, pg.action); action != "" {
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

// constantToken is that of a test key.
type constantToken struct{ field Field }

func (constantToken) constant() bool { return true }

func (t constantToken) mint(context.Context, *page) ([]Field, error) { return []Field{t.field}, nil }

// commandTokens come from a command of the user's.
type commandTokens struct{ command, field string }

func (commandTokens) constant() bool { return false }

func (t commandTokens) mint(ctx context.Context, _ *page) ([]Field, error) {
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

// middle is the verifier in the middle: the app asks it in the place of the service,
// so that the audit sees every call and answers as it likes.
type middle struct {
	server                                    *captchatest.Server
	service, field, sitekey, hostname, action string
	secrets                                   map[string]bool // that the app sent
}

func (*middle) constant() bool { return false }

func (v *middle) mint(context.Context, *page) ([]Field, error) {
	return []Field{{v.field, v.solve(nil)}}, nil
}

// solve makes a token, of which change may alter what the service will say.
func (v *middle) solve(change func(*captchatest.Solution)) string {
	s := captchatest.Solution{Hostname: v.hostname, Action: v.action}
	if change != nil {
		change(&s)
	}
	return v.server.Solve(v.service, v.sitekey, s)
}

// calls returns what the app asked since the last reset.
func (v *middle) calls() []captchatest.Call {
	calls := v.server.History()
	for _, c := range calls {
		for _, secret := range []string{
			c.Form.Get("secret"), c.Form.Get("privatekey"), c.Form.Get("key"), c.Query.Get("secret"), c.Query.Get("key"),
			c.Header.Get("X-Api-Key"), c.Header.Get("X-Goog-Api-Key"), strings.TrimPrefix(c.Header.Get("Authorization"), "Bearer "),
		} {
			if len(secret) < 8 {
				continue
			}
			if v.secrets == nil {
				v.secrets = map[string]bool{}
			}
			v.secrets[secret] = true
		}
	}
	return calls
}

// reset forgets the calls and heals what fails.
func (v *middle) reset() {
	v.calls()
	v.server.Clear()
	v.server.SetClock(time.Now)
}
