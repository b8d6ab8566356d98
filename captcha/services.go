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

// String names the sitekey and not the secret.
func (s Settings) String() string { return "captcha.Settings(" + s.Sitekey + ")" }

// GoString is String, for %#v.
func (s Settings) GoString() string { return s.String() }

// Descriptor describes one service: its public facts, which settings it needs, and
// how to make a provider. A program that offers every service uses descriptors
// and does not name services.
type Descriptor struct {
	// Service are the public facts. For services that need an address or a project,
	// the URLs have the address https://captcha.example.com, the sitekey "sitekey"
	// and the project "project".
	Service

	Hosted  bool // Settings.Address is needed: the service is self-hosted
	Project bool // Settings.Project is needed

	// Hostname, Action, CData and MaxAge report the checks of a provider by default: of
	// the host of the page, the name of the form, the data that the caller expects, and
	// the age of the token by the time of issue in the answer.
	Hostname, Action, CData, MaxAge bool

	Score  bool // the service can rate a token; otherwise MaxRisk is a mistake
	Scored bool // the service rates every token: a missing score is a refusal

	// New makes a provider. It does not return an error: Provider.Validate reports the
	// mistakes in the settings.
	New func(s Settings, opts ...Option) Provider
}

// plain describes a service that needs two keys and nothing else.
func plain(make func(sitekey, secret string, opts ...Option) Provider) Descriptor {
	return describe(Descriptor{New: func(s Settings, opts ...Option) Provider {
		return make(s.Sitekey, s.Secret, opts...)
	}})
}

// hosted describes a self-hosted service.
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
