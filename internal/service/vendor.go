package service

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/store"
)

const (
	// unverifiedLife is how long a token is remembered before its vendor has confirmed it.
	// It is longer than any call may take.
	unverifiedLife = 90 * time.Second

	unverifiedBurst = 30 // unconfirmed tokens of one network at a time
	unverifiedEvery = unverifiedLife / unverifiedBurst
)

// ask makes the site's vendor verify a token, and adds checks. A token counts once, even if
// the vendor accepts it again. It counts only for the hosts and actions of the site.
func (t *site) ask(ctx context.Context, token string, remote netip.Addr, now time.Time) outcome {
	if v := t.begin(ctx, token, remote, now); v.why != none {
		return v
	}
	result, err := t.Captcha.Verify(ctx, captcha.Attempt{
		Token: token, Remote: remote, Now: now, Expect: captcha.Expect{Hosts: t.hostnames},
	})
	switch {
	case errors.Is(err, captcha.ErrUnavailable):
		return t.outage(ctx, "vendor-down", err)
	case err != nil:
		return t.outage(ctx, "vendor-misconfigured", err)
	case result.OK && !t.does(result.Action):
		return outcome{why: badResponse, detail: string(captcha.ReasonAction)}
	case result.Reason == captcha.ReasonSpent || result.Reason == captcha.ReasonTooOld:
		return outcome{why: spent, detail: string(result.Reason)}
	case result.Reason == captcha.ReasonMissing:
		return outcome{why: missingResponse, detail: string(result.Reason)}
	case !result.OK:
		return outcome{why: badResponse, detail: string(result.Reason)}
	}
	v := outcome{issued: result.Issued, claims: claims{host: result.Hostname, action: result.Action}}
	if v.host == "" {
		v.host = t.hostnames[0] // not every vendor reports the hostname, but clients need one
	}
	if v.issued.IsZero() {
		v.issued = now
	}
	if result.HasRisk {
		score := 1 - result.Risk
		v.score = &score
	}
	if why := t.claim(ctx, cmp.Or(result.ID, token), store.Signed, now.Add(t.Captcha.Service().Life+unverifiedLife), remote, now); why.why != none {
		return why
	}
	return v
}

// begin claims a token before the vendor has confirmed it. So only one of two simultaneous
// calls reaches the vendor.
func (t *site) begin(ctx context.Context, token string, remote netip.Addr, now time.Time) outcome {
	if token == "" || len(token) > t.Captcha.Service().MaxToken {
		return outcome{why: badResponse, detail: "malformed"}
	}
	return t.claim(ctx, token, store.Unverified, now.Add(unverifiedLife), remote, now)
}

func (t *site) claim(ctx context.Context, token string, pool store.Pool, until time.Time, remote netip.Addr, now time.Time) outcome {
	sum := sha256.Sum256([]byte("siteverify\n" + t.Key + "\n" + token))
	trip := store.Trip{Now: now, Claims: []store.Claim{{Key: store.Key(sum[:16]), Pool: pool, Expires: until}}}
	if pool == store.Unverified && remote.IsValid() {
		tag := t.tags.TagAddr("unverified\x00", clientip.Network(remote).Addr())
		trip.Takes = []store.Take{{Key: store.Key(tag), Every: unverifiedEvery, Burst: unverifiedBurst}}
	}
	result, err := t.service.config.Store.Spend(ctx, trip)
	switch {
	case err != nil:
		return t.outage(ctx, "store", err)
	case result.Status == store.Granted:
		return outcome{}
	case result.Status == store.Limited:
		return outcome{why: badResponse, detail: "too-many"}
	}
	return outcome{why: spent, detail: "used"}
}
