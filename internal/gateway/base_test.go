package gateway_test

import (
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/internal/gateway"
)

// Browsers resolve our URLs like all others of the page.
func TestURLsInAPageWithABase(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Script = true })
	for name, row := range map[string]struct {
		before, base, origin string
	}{
		"no base":                     {"<!doctype html><head>", "", ""},
		"a path":                      {"<!doctype html><head>", `<base href="/app/">`, ""},
		"this host":                   {"<!doctype html><head>", `<base href="` + w.url + `/app/">`, ""},
		"another host":                {"<!doctype html><head>", `<base href="https://cdn.example/x/">`, w.url},
		"another port":                {"<!doctype html><head>", `<base href="//127.0.0.1:1/">`, w.url},
		"another host, and no head":   {"", `<base href="https://cdn.example/x/"><title>a</title><body>`, w.url},
		"only the first base element": {"<!doctype html><head>", `<base href="/"><base href="https://cdn.example/">`, ""},
	} {
		w.page(row.before + row.base + `<form method=post action="` + w.url + `/signup"></form>`)
		body := w.get("/").body
		loader := row.origin
		if row.before != "" {
			loader = "" // it stands before the base
		}
		for _, want := range []string{
			`<script src="` + loader + `/.palisade/guard.js"`, `<script defer src="` + row.origin + `/.palisade/palisade.`, `<link rel="stylesheet" href="` + row.origin + `/.palisade/palisade.`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: there is no %s in\n%s", name, want, body)
			}
		}
	}
}
