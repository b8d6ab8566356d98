// Package server runs the gateway: listeners, reload, metrics and health, and a shutdown
// that loses no request.
package server

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/outage"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/secret"
	"github.com/palisade-dev/palisade/event"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/verdict"
)

// autoName is the form for all routes that no other form names. Its limits suit people who
// click through an app, not only people who send one form.
const autoName = "auto"

var autoLimits = []palisade.Limit{{Rate: 30, Per: autoPer, By: palisade.ByIP}, {Rate: 300, Per: autoPer, By: palisade.ByNetwork}}

// autoCeiling is the limit by address itself: a step gains nothing there.
var autoCeiling = palisade.Limit{Rate: autoLimits[0].Rate, Per: autoPer}

// Parts are the objects that survive a reload.
type Parts struct {
	Keys   palisade.Keys
	Store  store.Store
	Logger *slog.Logger
	Events event.Sink
}

// Build makes a gateway from a configuration; nil if it has no sites.
func Build(c *config.Config, p Parts) (*gateway.Gateway, error) {
	if len(c.Sites) == 0 {
		return nil, nil
	}
	g := gateway.Config{
		ClientIP: source(c), InFlight: c.Limits.InFlight,
		BodyTimeout: c.Limits.ReadTimeout, UpstreamTimeout: c.Limits.UpstreamTimeout,
		Logger: p.Logger, Events: p.Events,
	}
	for i := range c.Sites {
		s := site(&c.Sites[i], p)
		s.Signals = c.Signals
		g.Sites = append(g.Sites, s)
	}
	return gateway.New(g)
}

func site(c *config.Site, p Parts) gateway.Site {
	s := gateway.Site{
		Host: c.Host, Hosts: c.Hosts, AnyHost: c.Host == "*", Upstream: c.Upstream, UpstreamCAs: c.CAs, UpstreamName: c.CertName,
		Keys: p.Keys, Store: p.Store, Captcha: provider(c.Captcha, p), Fallbacks: fallbacks(c.Captcha, p), Exempt: c.Exempt, Odd: c.Odd, Script: c.InPages(),
		StripHeaders: c.Strip, AllowHeaders: c.Allow, Base: c.Base, Prefix: c.Prefix, Origins: c.Origins,
		FrameParents: sources(c.Parents),
	}
	s.Host = name(c)
	switch c.Asks {
	case "nginx":
		s.ForwardAuth = gateway.XOriginal
	case "caddy", "traefik":
		s.ForwardAuth = gateway.XForwarded
	}
	for _, client := range c.Clients {
		s.Clients = append(s.Clients, gateway.Client{Name: client.Name, Key: []byte(client.Key)})
	}
	for i := range c.Forms {
		f := &c.Forms[i]
		s.Forms = append(s.Forms, gateway.Form{FormConfig: f.FormConfig, Routes: f.Routes, Accept200: f.Accept200, Reject200: f.Reject200, Cost: gateway.Cost(f.Cost)})
	}
	if c.Auto {
		s.Auto = &gateway.Form{FormConfig: auto(c.Monitor)}
	}
	return s
}

// auto is the form of all requests that no other form names.
func auto(monitor bool) palisade.FormConfig {
	f := config.NewForm().FormConfig
	f.Name, f.Limits, f.Ceiling, f.Monitor, f.Sessions = autoName, autoLimits, autoCeiling, monitor, true
	f.Count = palisade.CountAttempts // a login may be among its routes
	return f
}

// sources puts the words of frame-ancestors in the quotation marks that YAML takes away.
func sources(list []string) (quoted []string) {
	for _, source := range list {
		if source == "self" || source == "none" {
			source = "'" + source + "'"
		}
		quoted = append(quoted, source)
	}
	return quoted
}

// name is the name to which a site's keys and tickets are bound. The log uses it too.
func name(c *config.Site) string {
	if c.Host == "*" {
		return "localhost"
	}
	return c.Host
}

// VerdictKey is the key with which a site's app checks verdicts.
type VerdictKey struct {
	Site string
	Key  []byte
}

// VerdictKeys returns the key of each site, made from the signing key of serve. If there is
// no signing key, it creates one as serve does.
func VerdictKeys(c *config.Config) ([]VerdictKey, error) {
	secrets, _, err := keys(c)
	if err != nil {
		return nil, err
	}
	var list []VerdictKey
	for i := range c.Sites {
		site := name(&c.Sites[i])
		list = append(list, VerdictKey{site, verdict.Key(secrets.Current, site)})
	}
	return list, nil
}

// provider makes the captcha of a form, behind a breaker of its own.
func provider(c *config.Captcha, p Parts) captcha.Provider {
	if c == nil {
		return nil
	}
	return outage.Guard(vendor(c), func(open bool) {
		if open {
			p.Logger.Error("palisade captcha: the service is down, what stands in for it is asked", "service", c.Service)
		} else {
			p.Logger.Info("palisade captcha: the service is back", "service", c.Service)
		}
	})
}

func fallbacks(c *config.Captcha, p Parts) (list []captcha.Provider) {
	if c == nil {
		return nil
	}
	for _, f := range c.Fallbacks {
		list = append(list, provider(f, p))
	}
	return list
}

// vendor makes the provider of a service; config has checked that captcha.Services has it.
func vendor(c *config.Captcha) captcha.Provider {
	services := captcha.Services()
	i := slices.IndexFunc(services, func(d captcha.Descriptor) bool { return d.Name == c.Service })
	var opts []captcha.Option
	if c.Endpoint != "" {
		opts = append(opts, captcha.Endpoint(c.Endpoint))
	}
	if services[i].Scored {
		opts = append(opts, captcha.MaxRisk(1-c.MinScore))
	}
	return services[i].New(captcha.Settings{
		Sitekey: c.Sitekey, Secret: string(c.Secret), Address: c.Address, Project: c.Project,
	}, opts...)
}

// Check reports mistakes of a configuration that only the gateway and the library detect.
func Check(c *config.Config) error {
	secret := []byte("for a check alone, not for signing anything")
	parts := Parts{Keys: palisade.Keys{Current: secret}, Logger: slog.New(slog.DiscardHandler)}
	_, err := Build(c, parts)
	_, err2 := BuildService(c, parts)
	return errors.Join(err, err2, checkKey(c))
}

// checkKey reads the state file, as a start would. A start creates a missing file, so a
// missing file is no mistake.
func checkKey(c *config.Config) error {
	if c.Keys.Current != "" {
		return nil
	}
	if _, err := secret.Read(c.State); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the signing key: %w", err)
	}
	return nil
}

// Describe lists the guarded forms in a few lines.
func Describe(c *config.Config) string {
	var b strings.Builder
	for i := range c.Sites {
		s := &c.Sites[i]
		host := s.Host
		if host == "*" {
			host = "any host"
		}
		fmt.Fprintf(&b, "  %s -> %s\n", host, s.Upstream)
		for _, f := range s.Forms {
			var routes []string
			for _, r := range f.Routes {
				routes = append(routes, r.String())
			}
			watched := ""
			if f.Monitor {
				watched = "  (only watched)"
			}
			fmt.Fprintf(&b, "    %-12s %s%s\n", f.Name, strings.Join(routes, ", "), watched)
			describeLimits(&b, f.FormConfig)
			describeSignals(&b, c.Signals, f.FormConfig)
		}
		if s.Auto {
			fmt.Fprintf(&b, "    %-12s every other request that is not GET, HEAD or OPTIONS\n", autoName)
			describeLimits(&b, auto(s.Monitor))
			describeSignals(&b, c.Signals, auto(s.Monitor))
		}
		for _, e := range s.Exempt {
			fmt.Fprintf(&b, "    %-12s %s\n", "open", e)
		}
	}
	if c.Service != nil {
		for i := range c.Service.Sites {
			describeSite(&b, &c.Service.Sites[i])
		}
	}
	return b.String()
}

// describeLimits says what the limits count. Over a limit by ip or network the next
// submission needs the hardest step, and over the ceiling it gets 429.
func describeLimits(b *strings.Builder, form palisade.FormConfig) {
	form = form.WithDefaults()
	var words []string
	for _, l := range form.Limits {
		words = append(words, l.String())
	}
	counts := map[palisade.Count]string{palisade.CountAccepted: "accepts", palisade.CountAttempts: "lets try", palisade.CountFailures: "lets fail"}[form.Count]
	fmt.Fprintf(b, "    %-12s %s %s\n", "", counts, cmp.Or(strings.Join(words, "; "), "without a limit"))
	if form.Ceiling.Rate > 0 {
		fmt.Fprintf(b, "    %-12s with steps %s\n", "", form.Ceiling)
	}
}

// describeSignals says from which score on a form asks for a step, and which signals do not
// count as signal.All says.
func describeSignals(b *strings.Builder, site signal.Settings, form palisade.FormConfig) {
	form = form.WithDefaults()
	fmt.Fprintf(b, "    %-12s asks for a step from a score of %g, for the hardest from %g", "", form.Step, form.HardStep)
	names := make(map[signal.Mode][]string)
	for i, s := range signal.Resolve(site, form.Signals) {
		name := signal.All[i].Name
		for _, why := range slices.Sorted(maps.Keys(s.Weights)) {
			name += fmt.Sprintf(" (%s %g)", why, s.Weights[why])
		}
		if s.Mode != signal.Weigh || s.Mode != signal.All[i].Mode || len(s.Weights) > 0 {
			names[s.Mode] = append(names[s.Mode], name)
		}
	}
	for _, mode := range []signal.Mode{signal.Weigh, signal.Observe, signal.Off} {
		if len(names[mode]) > 0 {
			fmt.Fprintf(b, "; %s: %s", mode, strings.Join(names[mode], ", "))
		}
	}
	fmt.Fprintln(b)
}

func describeSite(b *strings.Builder, s *config.ServiceSite) {
	verifies := "the embedded captcha"
	if s.Captcha != nil {
		verifies = s.Captcha.Service
	}
	fmt.Fprintf(b, "  site key %s for %s: %s\n", s.Key, strings.Join(s.Hosts, ", "), verifies)
}
