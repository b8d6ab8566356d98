package main

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/signal"
)

// ownRoutes are the forms of a running gateway: each route that its configuration guards, of
// each site. The page of a form has the path that the form posts to. The audit looks for the
// effect at the app itself.
func (c auditCommand) ownRoutes(base config.Audit) ([]config.Audit, error) {
	file := cmp.Or(c.Served, "palisade.yaml")
	conf, err := config.Load(config.Source{File: file, Env: os.Environ()})
	if err != nil {
		return nil, err
	}
	var list []config.Audit
	for _, site := range conf.Sites {
		for _, form := range site.Forms {
			for _, r := range form.Routes {
				if strings.ContainsAny(r.Path(), "*{") || r.Conditional() { // the path of its page cannot be guessed
					continue
				}
				a, err := c.ownRoute(base, conf, site, form, r)
				if err != nil {
					return nil, err
				}
				list = append(list, a)
			}
		}
	}
	if list == nil {
		return nil, fmt.Errorf("%s names no route whose page can be guessed: with protect: auto or patterns, give the pages in a file (-c) with connect: %s", file, reachable(conf.Listen[0]))
	}
	return list, nil
}

func (c auditCommand) ownRoute(base config.Audit, conf *config.Config, site config.Site, form config.Form, r route.Pattern) (config.Audit, error) {
	path := r.Path()
	a := base
	scheme := "http"
	if conf.TLS.Cert != "" {
		scheme = "https"
	}
	at := reachable(conf.Listen[0])
	host := site.Host
	if host == "*" {
		host = at
	}
	a.Connect = at
	a.Target = (&url.URL{Scheme: scheme, Host: host, Path: path}).String()
	a.Form = path
	a.MinFill = form.MinFill
	onSocket := site.Upstream.Scheme == "unix"
	if !onSocket {
		a.Upstream = site.Upstream.String()
	}
	a.Facts = [][2]string{
		{"monitor", fmt.Sprint(form.Monitor || observes(conf.Signals, form.Signals))}, {"trust", strings.Join(conf.Trust, " ")}, {"sites.host", site.Host},
	}
	if site.Captcha != nil {
		a.Facts = append(a.Facts, [2]string{"sitekey", site.Captcha.Sitekey})
	}
	if effect := cmp.Or(c.Effect, base.Effect); onSocket && (strings.HasPrefix(effect, "/") || strings.HasPrefix(effect, "canary:/")) {
		return a, fmt.Errorf("the app of %s listens on the socket %s, which the audit does not ask: give -effect as a whole URL, cmd: or sql:", site.Host, site.Upstream.Path)
	} else if strings.HasPrefix(effect, "/") {
		a.Effect = strings.TrimRight(site.Upstream.String(), "/") + effect
	} else if rest, ok := strings.CutPrefix(effect, "canary:/"); ok {
		a.Effect = "canary:" + strings.TrimRight(site.Upstream.String(), "/") + "/" + rest
	} else {
		a.Effect = effect
	}
	return a, nil
}

// automation are the signals that find browser automation. The audit does not depend on
// them: a staging copy may well have them observed.
var automation = []string{"client", "report", "browser", "behaviour", "grain"}

// observes reports whether a form does not weigh one of the other signals.
func observes(all, form signal.Settings) bool {
	for i, s := range signal.Resolve(all, form) {
		if s.Mode != signal.Weigh && !slices.Contains(automation, signal.All[i].Name) {
			return true
		}
	}
	return false
}
