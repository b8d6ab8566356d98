package service

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/store"
)

// A token of the embedded captcha is stateless. It contains the values for which the
// challenge was issued, and the proof:
//
//	base64url( host "\n" mode "\n" action "\n" cdata "\n" network "\n" proof )
//
// The proof is ALTCHA's JSON. Its signature, under a key of the site's own, binds all values
// before it. So a token cannot be changed or used for another site. It has 700 to 1300
// characters. All of them pass any form, and also clients that do not escape.
type claims struct {
	host    string
	mode    string // modeBox or modeScore
	action  string
	cdata   string
	network string // of the browser that got the challenge; a tag, not the address
}

const (
	modeBox   = "box"   // a widget on a page, whether it can be seen or not
	modeScore = "score" // a script asks for it, as with reCAPTCHA v3: siteverify adds score and action

	maxLevel  = 2
	maxToken  = 2048            // as long as Turnstile's, so that clients accept it
	tokenLife = 5 * time.Minute // like Turnstile's
)

var (
	validAction = regexp.MustCompile(`^[A-Za-z0-9_/-]{0,64}$`)
	validCData  = regexp.MustCompile(`^[A-Za-z0-9_-]{0,255}$`)
)

func (c *claims) valid() bool {
	return c.host != "" && len(c.host) <= 253 && !strings.ContainsAny(c.host, "\n\r") &&
		(c.mode == modeBox || c.mode == modeScore) && validAction.MatchString(c.action) && validCData.MatchString(c.cdata)
}

func (c *claims) text() string {
	return c.host + "\n" + c.mode + "\n" + c.action + "\n" + c.cdata + "\n" + c.network
}

// binding is the data that the signature of the challenge covers besides the challenge. The
// key identifies the site.
func (t *site) binding(text string) []byte { return []byte("siteverify\n" + text) }

// issue makes a challenge for a page's request. If the network has used up its budget, the
// challenge has the highest level, and the network shares its puzzle. A refusal would let
// one visitor lock out the neighbours.
func (t *site) issue(ctx context.Context, c *claims, addr netip.Addr, now time.Time) (challenge []byte, err error) {
	ask := pow.Challenge{Binding: t.binding(c.text()), Level: t.Level, Issued: now, Expires: now.Add(tokenLife)}
	granted, err := t.afford(ctx, addr, now)
	if err != nil {
		return nil, err
	}
	if granted {
		challenge, err := t.pow.AppendChallenge(nil, ask)
		if !errors.Is(err, pow.ErrBusy) {
			return challenge, err
		}
	}
	ask.Level = maxLevel
	puzzle, err := t.puzzles.Shared(ctx, t.pow, clientip.Network(addr).Addr().As16(), maxLevel, now)
	if err != nil {
		return nil, err
	}
	return t.pow.AppendPuzzle(nil, ask, puzzle)
}

// network is a tag of an address's network. A different tag shows that the network changed.
func (t *site) network(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	tag := t.tags.TagAddr("network\x00", clientip.Network(addr).Addr())
	return hex.EncodeToString(tag[:4])
}

// outcome is the result for a token.
type outcome struct {
	why    code // none if the token is valid
	detail string
	issued time.Time
	claims
	score *float64 // 1 is a person
}

// verify checks a token of the embedded captcha in this order: signature and binding, one of
// the site's hosts, the work, and no earlier use. The order ensures that a token without the
// work uses no space in the store.
func (t *site) verify(ctx context.Context, token string, remote netip.Addr, now time.Time) outcome {
	if len(token) > maxToken {
		return outcome{why: badResponse, detail: "malformed"}
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	begins := bytes.LastIndexByte(raw, '\n') // the proof has no line feeds
	if err != nil || begins < 0 {
		return outcome{why: badResponse, detail: "malformed"}
	}
	text := string(raw[:begins])
	part := strings.Split(text, "\n")
	if len(part) != 5 {
		return outcome{why: badResponse, detail: "malformed"}
	}
	c := claims{part[0], part[1], part[2], part[3], part[4]}
	proof, why := t.pow.CheckJSON(raw[begins+1:], t.binding(text), now)
	switch {
	case why == pow.ReasonExpired:
		return outcome{why: spent, detail: "expired"}
	case why != "":
		return outcome{why: badResponse, detail: string(why)}
	case !t.from(c.host): // the configured hosts may have changed
		return outcome{why: badResponse, detail: "hostname"}
	case !t.does(c.action):
		return outcome{why: badResponse, detail: "action"}
	case proof.Level() < t.Level:
		return outcome{why: badResponse, detail: "level"}
	}
	switch ok, err := t.pow.Derive(ctx, proof); {
	case err != nil:
		return t.outage(ctx, "derive", err)
	case !ok:
		return outcome{why: badResponse, detail: "unsolved"}
	}
	result, err := t.service.config.Store.Spend(ctx, store.Trip{Now: now, Claims: []store.Claim{
		{Key: store.Key(proof.ID()), Issued: proof.Issued(), Expires: proof.Expires()},
	}})
	switch {
	case err != nil:
		return t.outage(ctx, "store", err)
	case result.Status == store.Spent:
		return outcome{why: spent, detail: "used"}
	case result.Status != store.Granted:
		return outcome{why: spent, detail: "forgotten"}
	}
	v := outcome{issued: proof.Issued(), claims: c}
	if c.mode == modeScore {
		score := t.score(&c, remote)
		v.score = &score
	}
	return v
}

// score is the score of the embedded captcha on a scale of 0 to 1. It depends on the work,
// and on whether the client that submits seems to be the one that did the work.
func (t *site) score(c *claims, remote netip.Addr) float64 {
	if tag := t.network(remote); tag != "" && c.network != "" && tag != c.network {
		return 0.5
	}
	return 0.9
}

// does reports whether the site has such an action.
func (t *site) does(action string) bool {
	return len(t.Actions) == 0 || slices.Contains(t.Actions, action)
}

func (t *site) outage(ctx context.Context, what string, err error) outcome {
	t.service.config.Logger.ErrorContext(ctx, "palisade siteverify", "site", t.Key, "failed", what, "error", err)
	return outcome{why: unavailable, detail: what}
}
