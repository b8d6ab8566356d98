package request

import (
	"context"
	"fmt"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d03 = &engine.Rule{
	ID: "D03", Title: "Another spelling of the path gets past the captcha", Severity: engine.Critical, Fix: fix.OnRoute, Needs: engine.Baseline, Shots: 22,
	Why:  "The check compares paths and the router reads them more generously.",
	Refs: engine.Refs{CWE: 178, ASVS: "2.2.2", WSTG: "CONF-06"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		path, query, _ := strings.Cut(p.Home.RequestURI(), "?")
		if query != "" {
			query = "?" + query
		}
		flipped := path + "/"
		if strings.HasSuffix(path, "/") && path != "/" {
			flipped = strings.TrimSuffix(path, "/")
		}
		first := path[:1]
		rest := path[1:]
		encoded := path
		if rest != "" {
			encoded = first + fmt.Sprintf("%%%02x", rest[0]) + rest[1:]
		}
		var attempts []engine.Attempt
		for _, target := range []string{
			"/" + path, flipped, strings.ToUpper(path), encoded, "/." + path, "/x/.." + path, "/x/..%2f" + rest, path + ";x", path + ";x=y/", path + "%2f", path + "%00",
			path + "%20", path + "#f", path + "/.", path + "//", "\\" + rest, "/%2f" + rest, "%252f" + rest, path + ".json", path + "?", "http://" + p.Target.Host + path, "http://other.example" + path,
		} {
			if target == path {
				continue
			}
			attempts = append(attempts, engine.Attempt{What: "the path " + target, Change: func(s *engine.Shot) { s.Target = target + query }})
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
