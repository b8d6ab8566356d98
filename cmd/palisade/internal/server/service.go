package server

import (
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
	"github.com/palisade-dev/palisade/internal/service"
)

// BuildService makes a verification service from a configuration; nil if the configuration
// has none.
func BuildService(c *config.Config, p Parts) (*service.Service, error) {
	if c.Service == nil {
		return nil, nil
	}
	s := service.Config{
		Keys: p.Keys, Store: p.Store, ClientIP: source(c), Query: c.Service.Query,
		Logger: p.Logger, Events: p.Events, Signals: c.Signals,
	}
	for i := range c.Service.Sites {
		s.Sites = append(s.Sites, serviceSite(&c.Service.Sites[i], p))
	}
	return service.New(s)
}

func serviceSite(c *config.ServiceSite, p Parts) service.Site {
	s := service.Site{
		Key: c.Key, Secret: string(c.Secret), Hosts: c.Hosts, Level: c.Level,
		Captcha: provider(c.Captcha, p), Fallbacks: fallbacks(c.Captcha, p), Actions: c.Actions, Idempotent: c.Again, Base: c.Base, Form: c.Form.FormConfig,
	}
	for i := range c.Forms {
		s.Forms = append(s.Forms, c.Forms[i].FormConfig)
	}
	return s
}

// source returns the configured source of the client's address.
func source(c *config.Config) clientip.Source {
	switch {
	case len(c.Trust) > 0 && c.Header == "forwarded":
		return clientip.Forwarded(c.Trust...)
	case len(c.Trust) > 0:
		return clientip.Proxies(c.Trust...)
	}
	return clientip.RemoteAddr()
}
