package palisade

import "github.com/palisade-dev/palisade/captcha"

// chain is Config.Captcha and, behind it, what stands in for it. A ticket says by
// which link its form was shown, so that nobody can choose a weaker one.
type chain []captcha.Provider

// maxFallbacks is how many links a ticket can tell apart, but one.
const maxFallbacks = 3

func newChain(config *Config) chain {
	if config.Captcha == nil {
		return nil
	}
	return append(chain{config.Captcha}, config.Fallbacks...)
}

// up returns the first link from this one on that is not known to be down, or this
// one if all are. A provider that knows, such as one behind a circuit breaker, has a
// method Down.
func (c chain) up(from uint8) uint8 {
	for link := from; int(link) < len(c); link++ {
		if breaker, knows := c[link].(interface{ Down() bool }); !knows || !breaker.Down() {
			return link
		}
	}
	return from
}

// fieldOf reports whether a field is that of a provider's token.
func (c chain) fieldOf(name string) bool {
	for _, provider := range c {
		if provider.Service().Field == name {
			return true
		}
	}
	return false
}

// provider returns what the form of a ticket was shown with, or nil when no captcha
// is asked for.
func (g *Guard) provider(t *ticket) captcha.Provider {
	if len(g.chain) == 0 {
		return nil
	}
	return g.chain[g.chain.linkOf(t)]
}

// linkOf returns the link of a ticket. One that is gone since is the first: never
// none.
func (c chain) linkOf(t *ticket) uint8 {
	if link := t.link(); int(link) < len(c) {
		return link
	}
	return 0
}

// sources returns what the widget of a service needs in a policy.
func (g *Guard) sources(service string) []string {
	for _, provider := range g.chain {
		if facts := provider.Service(); facts.Name == service {
			return facts.CSP
		}
	}
	return nil
}
