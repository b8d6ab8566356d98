package engine

import (
	"net/url"
)

// Instance is another address of the same app.
type Instance struct {
	At   *url.URL
	Host string // the Host header: the site's, as from a load balancer, or the instance's own
	wire *Wire
}

// Address points a submission at the instance.
func (i *Instance) Address(p *Probe) func(*Shot) {
	return func(s *Shot) {
		s.Host = i.Host
		s.Set("Origin", i.At.Scheme+"://"+i.Host)
		s.Set("Referer", i.At.Scheme+"://"+i.Host+p.Target.RequestURI())
	}
}
