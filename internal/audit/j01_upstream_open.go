package audit

import (
	"context"
	"net"
	"net/url"
	"time"
)

var j01 = &Rule{
	ID: "J01", Title: "The app behind the gateway can be reached directly", Severity: High, Fix: behind, Shots: 0,
	Why:  "Who knows its address does not come by the gateway.",
	Refs: Refs{CWE: 923, ASVS: "13.2.1"},
	check: func(ctx context.Context, p *Probe) Result {
		if p.spec.Upstream == "" {
			return leftOut("where the app behind a gateway listens is not known: name it (upstream)")
		}
		u, err := url.Parse(p.spec.Upstream)
		if err != nil {
			return unclear("%v", err)
		}
		if loopback(u.Hostname()) {
			return pass("The app listens at %s, which only this machine reaches.", u.Host)
		}
		conn, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), portOf(u)))
		if err != nil {
			return pass("The app at %s could not be reached from here.", u.Host)
		}
		conn.Close()
		return fail(nil, "The app at %s takes connections from here, past the gateway.", u.Host)
	},
}
