package gateway

import (
	"context"
	"net"
	"net/url"
	"time"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

var j01 = &engine.Rule{
	ID: "J01", Title: "The app behind the gateway can be reached directly", Severity: engine.High, Fix: behind, Shots: 0,
	Why:  "Who knows its address does not come by the gateway.",
	Refs: engine.Refs{CWE: 923, ASVS: "13.2.1"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if p.Spec.Upstream == "" {
			return engine.Omitted("where the app behind a gateway listens is not known: name it (upstream)")
		}
		u, err := url.Parse(p.Spec.Upstream)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		if engine.Loopback(u.Hostname()) {
			return engine.Passed("The app listens at %s, which only this machine reaches.", u.Host)
		}
		conn, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), engine.PortOf(u)))
		if err != nil {
			return engine.Passed("The app at %s could not be reached from here.", u.Host)
		}
		conn.Close()
		return engine.Failed(nil, "The app at %s takes connections from here, past the gateway.", u.Host)
	},
}

var behind = engine.Remedy{Text: "Have the app listen on 127.0.0.1 or a network that only the gateway is in, and have it demand the gateway's signed verdict (Palisade-Verdict)."}
