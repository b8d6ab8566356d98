package captcha

import (
	"slices"
	"sync"
)

// services is the one list of all services, those with the most users first. A new
// service is one entry: its constructor, wrapped by the settings that it takes.
var services = sync.OnceValue(func() []Descriptor {
	return []Descriptor{
		plain(Turnstile),
		plain(HCaptcha),
		plain(RecaptchaV2),
		plain(RecaptchaV3),
		inProject(RecaptchaEnterprise),
		plain(FriendlyV1),
		plain(FriendlyV2),
		plain(PrivateCaptcha),
		plain(Yandex),
		plain(GeeTest),
		plain(MTCaptcha),
		plain(Prosopo),
		hosted(Sentinel),
		hosted(Cap),
		hosted(MCaptcha),
	}
})

// Services returns the descriptors of all services of this package, in an order that
// does not change. The caller may change the returned slice.
func Services() []Descriptor { return slices.Clone(services()) }

// Settings are the settings of a provider, the same for all services.
type Settings struct {
	Sitekey string // the public key
	Secret  string // the private key or API key
	Address string // URL of the instance; needed by a hosted service, ignored by the others
	Project string // id of the Google Cloud project; needed where Descriptor.Project is true, ignored elsewhere
}

// Descriptor describes one service: its public facts, which settings it needs, and
// how to make a provider. A program that offers every service goes by descriptors
// and does not name services.
type Descriptor struct {
	// Service are the public facts. For services that need an address or a project,
	// the URLs have the address https://captcha.example.com, the sitekey "sitekey"
	// and the project "project".
	Service

	Hosted  bool // Settings.Address is needed: people run the service themselves
	Project bool // Settings.Project is needed

	// What a provider compares by default. Hostname is that of the page, Action the
	// name of the form, CData the value that the caller expects. MaxAge reports that
	// a token that is too old is refused by the time of issue in the answer.
	Hostname, Action, CData, MaxAge bool
	// Score reports that the service can rate a token. MaxRisk is a mistake without it.
	Score bool
	// Scored reports that the service rates every token, so that a missing score
	// refuses, and that a program may always set MaxRisk.
	Scored bool

	// New makes a provider. It never fails: Provider.Validate reports mistakes.
	New func(s Settings, opts ...Option) Provider
}

// plain describes a service that needs two keys and nothing else.
func plain(make func(sitekey, secret string, opts ...Option) Provider) Descriptor {
	return describe(Descriptor{New: func(s Settings, opts ...Option) Provider {
		return make(s.Sitekey, s.Secret, opts...)
	}})
}

// hosted describes a service that people run themselves.
func hosted(make func(address, sitekey, secret string, opts ...Option) Provider) Descriptor {
	return describe(Descriptor{Hosted: true, New: func(s Settings, opts ...Option) Provider {
		return make(s.Address, s.Sitekey, s.Secret, opts...)
	}})
}

// inProject describes a service whose keys belong to a project.
func inProject(make func(sitekey, project, secret string, opts ...Option) Provider) Descriptor {
	return describe(Descriptor{Project: true, New: func(s Settings, opts ...Option) Provider {
		return make(s.Sitekey, s.Project, s.Secret, opts...)
	}})
}

// describe takes the facts from a provider with example settings.
func describe(d Descriptor) Descriptor {
	p := d.New(Settings{Sitekey: "sitekey", Secret: "secret", Address: "https://captcha.example.com", Project: "project"})
	d.Service = p.Service()
	if s, ok := p.(*siteverify); ok {
		d.Hostname, d.Action, d.CData, d.MaxAge = s.hostname, s.action, s.cdata, s.maxAge > 0
		d.Score, d.Scored = s.risk != nil, s.scored
	}
	return d
}
