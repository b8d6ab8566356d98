package engine

import (
	"net/url"
)

// Instance is another address of the same app.
type Instance struct {
	At   *url.URL
	Host string // that is sent: the site's, as from a balancer, or its own
	wire *Wire
}

// Address makes a submission one to the instance.
func (i *Instance) Address(p *Probe) func(*Shot) {
	return func(s *Shot) {
		s.Host = i.Host
		s.Set("Origin", i.At.Scheme+"://"+i.Host)
		s.Set("Referer", i.At.Scheme+"://"+i.Host+p.Target.RequestURI())
	}
}
