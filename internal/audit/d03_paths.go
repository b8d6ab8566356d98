package audit

import (
	"context"
	"fmt"
	"strings"
)

var d03 = &Rule{
	ID: "D03", Title: "Another spelling of the path gets past the captcha", Severity: Critical, Fix: onRoute, Needs: Baseline, Shots: 22,
	Why:  "The check compares paths and the router reads them more generously.",
	Refs: Refs{CWE: 178, ASVS: "2.2.2", WSTG: "CONF-06"},
	check: func(ctx context.Context, p *Probe) Result {
		path, query, _ := strings.Cut(p.home.RequestURI(), "?")
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
		var attempts []Attempt
		for _, target := range []string{
			"/" + path, flipped, strings.ToUpper(path), encoded, "/." + path, "/x/.." + path, "/x/..%2f" + rest, path + ";x", path + ";x=y/", path + "%2f", path + "%00",
			path + "%20", path + "#f", path + "/.", path + "//", "\\" + rest, "/%2f" + rest, "%252f" + rest, path + ".json", path + "?", "http://" + p.target.Host + path, "http://other.example" + path,
		} {
			if target == path {
				continue
			}
			attempts = append(attempts, Attempt{What: "the path " + target, Change: func(s *Shot) { s.Target = target + query }})
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
