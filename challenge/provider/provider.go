// Package provider makes kinds of challenge of third-party captchas.
package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/signal"
)

// Max is how many services a ladder can hold.
const Max = 4

// firstID is the ID of the first kind. Each service has two.
const firstID challenge.ID = 16

// Kinds returns the two kinds of a service: its captcha with the silent proof's work, and
// for the hard rung its captcha with the hardest work. place is the service's place among
// those of the site, from 0.
func Kinds(place int, p captcha.Provider) []challenge.Kind {
	service := p.Service()
	v := provider{p, service}
	kind := challenge.Kind{
		Name: service.Name, ID: firstID + challenge.ID(2*place), Rung: challenge.Visible, Work: challenge.LightWork,
		Field: service.Field, Issue: v.issue, Check: v.check, Token: true,
		Service: fmt.Sprint(service.Name, " ", place), Down: v.down(),
	}
	hard := kind
	hard.ID, hard.Rung, hard.Work = kind.ID+1, challenge.Hard, challenge.HardWork
	return []challenge.Kind{kind, hard}
}

type provider struct {
	captcha.Provider
	service captcha.Service
}

// down returns the method Down of a provider that can know, such as one behind a circuit
// breaker, or nil.
func (v provider) down() func() bool {
	if breaker, knows := v.Provider.(interface{ Down() bool }); knows {
		return breaker.Down
	}
	return nil
}

func (v provider) issue(_ context.Context, a challenge.Ask) (challenge.Prompt, error) {
	script := v.service.Script
	if v.service.Execute != "" {
		script += "?render=" + url.QueryEscape(v.Sitekey())
	}
	return challenge.Prompt{Widget: &challenge.Widget{
		Service: v.service.Name, Sitekey: v.Sitekey(), Field: v.service.Field, Action: a.Form,
		Script: script, Class: v.service.Class, Execute: v.service.Execute, Sources: v.service.CSP,
	}}, nil
}

func (v provider) check(ctx context.Context, a challenge.Ask, token string) (challenge.Result, error) {
	result, err := v.Verify(ctx, captcha.Attempt{
		Token: token, Remote: a.Remote, Now: a.Now,
		Expect: captcha.Expect{Hosts: a.Hosts, Action: a.Form},
	})
	switch {
	case errors.Is(err, captcha.ErrUnavailable):
		return challenge.Result{}, fmt.Errorf("%w: %w", challenge.ErrUnavailable, err)
	case err != nil:
		return challenge.Result{}, err
	}
	return challenge.Result{
		OK: result.OK, Reason: signal.Reason("captcha-" + string(result.Reason)), ID: result.ID, Life: v.service.Life,
	}, nil
}
