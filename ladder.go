package palisade

import (
	"errors"
	"fmt"
	"slices"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/challenge/provider"
	"github.com/palisade-dev/palisade/challenge/work"
)

// ladderOf returns the kinds that a form asks for, in this order. Every submission shows
// the silent proof. A site without kinds of its own, or a form that never asks for them,
// asks for more of the embedded work.
func (g *Guard) ladderOf(c *FormConfig) (*challenge.Ladder, error) {
	kinds := []challenge.Kind{work.Silent}
	chosen, err := g.chosen(c.Challenges)
	if err != nil {
		return nil, err
	}
	if len(chosen) == 0 || c.Ask == Never {
		return challenge.NewLadder(append(kinds, work.Visible, work.Hard)...)
	}
	top := challenge.Silent
	for _, kind := range chosen {
		kinds = append(kinds, kind)
		top = max(top, kind.Rung)
	}
	if top < challenge.Hard {
		kinds = append(kinds, work.Hard)
	}
	if c.ProviderDown == StepDown {
		kinds = append(kinds, work.StandIn)
	}
	return challenge.NewLadder(kinds...)
}

// chosen returns the kinds of the site that a form names. Nil names all.
func (g *Guard) chosen(names []string) (kinds []challenge.Kind, err error) {
	if names == nil {
		return g.kinds, nil
	}
	for i, name := range names {
		before := len(kinds)
		for _, kind := range g.kinds {
			if kind.Name == name {
				kinds = append(kinds, kind)
			}
		}
		if len(kinds) == before || slices.Contains(names[:i], name) {
			err = errors.Join(err, fmt.Errorf("Challenges[%d]: %q is no kind of the site, or there twice", i, name))
		}
	}
	return kinds, err
}

// kinds are those of the site beside the embedded proof.
func (c *Config) kinds() (kinds []challenge.Kind) {
	for place, p := range c.providers() {
		kinds = append(kinds, provider.Kinds(place, p)...)
	}
	return append(kinds, c.Challenges...)
}

func (c *Config) providers() []captcha.Provider {
	if c.Captcha == nil {
		return nil
	}
	return append([]captcha.Provider{c.Captcha}, c.Fallbacks...)
}

// validateChallenges reports every mistake of the site's kinds of challenge.
func (c *Config) validateChallenges() error {
	var errs []error
	if len(c.Fallbacks) >= provider.Max || len(c.Fallbacks) > 0 && c.Captcha == nil {
		errs = append(errs, fmt.Errorf("Fallbacks stand in for Captcha, and are at most %d", provider.Max-1))
	}
	if c.Captcha != nil {
		if err := c.Captcha.Validate(c.InsecureTestKeys); err != nil {
			errs = append(errs, fmt.Errorf("Captcha: %w", err))
		}
	}
	for i, fallback := range c.Fallbacks {
		if err := fallback.Validate(c.InsecureTestKeys); err != nil {
			errs = append(errs, fmt.Errorf("Fallbacks[%d]: %w", i, err))
		}
	}
	names := map[string]bool{}
	for i := range c.Challenges {
		kind := &c.Challenges[i]
		err := kind.Validate()
		switch {
		case kind.ID < challenge.FirstOwn:
			err = errors.Join(err, fmt.Errorf("ID %d is less than challenge.FirstOwn, %d", kind.ID, challenge.FirstOwn))
		case kind.Check == nil:
			err = errors.Join(err, errors.New("Check is missing"))
		case kind.Rung == challenge.Silent || kind.StandIn:
			err = errors.Join(err, errors.New("Rung must be above challenge.Silent, and StandIn false"))
		case names[kind.Name]:
			err = errors.Join(err, fmt.Errorf("Name %q is there twice", kind.Name))
		}
		names[kind.Name] = true
		if err != nil {
			errs = append(errs, fmt.Errorf("Challenges[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}
