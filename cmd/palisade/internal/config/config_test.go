package config

import (
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fmt"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/signal"
)

// write puts files into a folder and returns it.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load reads a configuration with this text, beside a file with a secret of 32 bytes and a
// file with a short one, and files with certificates.
func load(t testing.TB, text string) (*Config, error) {
	t.Helper()
	dir := write(t, map[string]string{"palisade.yaml": text, "long.key": strings.Repeat("k", 32) + "\n", "short.key": "hunter2",
		"ca.pem": authority(t), "bad.pem": authority(t) + "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "empty.pem": ""})
	t.Chdir(dir)
	return Load(Source{File: "palisade.yaml"})
}

// authority is a certificate in PEM.
func authority(t testing.TB) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

const small = `
sites:
  - host: example.com
    upstream: http://127.0.0.1:8000
    forms:
      - route: POST /signup
`

func TestExampleFileSaysWhatItSays(t *testing.T) {
	text, err := os.ReadFile("../../../../deploy/palisade.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := load(t, string(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sites) != 2 || len(c.Sites[0].Forms) != 3 || c.Sites[0].Forms[0].MinFill != 3*time.Second {
		t.Errorf("%+v", c)
	}
}

func TestExampleOfTheServiceSaysWhatItSays(t *testing.T) {
	text, err := os.ReadFile("../../../../deploy/service.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"palisade.yaml": string(text)}
	for _, name := range []string{"shop", "forum", "turnstile", "hcaptcha"} {
		files[name+".secret"] = "a secret of the tests, " + name
	}
	t.Chdir(write(t, files))
	c, err := Load(Source{File: "palisade.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	s := c.Service
	if len(c.Listen) != 0 || len(s.Sites) != 2 || s.Sites[0].Level != 1 || len(s.Sites[0].Forms[0].Limits) != 2 ||
		s.Sites[1].Captcha.Fallbacks[0].Service != "hcaptcha" || s.Sites[1].Form.Ask != palisade.WhenRisky {
		t.Errorf("%+v", s)
	}
}

func TestEverythingThatCanBeSaid(t *testing.T) {
	c, err := load(t, `
listen: [":8443", "127.0.0.1:8080"]
admin: "off"
state: keys/palisade.key
trust: [10.0.0.0/8, "::1"]
proxy_header: forwarded
key_file: long.key
log: {level: warn, sample: 0}
tracing: {endpoint: "http://127.0.0.1:4318/"}
limits: {connections: 5, per_client: 2, header: 8KiB, inflight: 1MiB, read_timeout: 1s, write_timeout: 4s, upstream_timeout: 2s, idle_timeout: 3s}
sites:
  - host: example.com
    hosts: www.example.com
    upstream: https://app.internal:8000
    upstream_ca: ca.pem
    upstream_name: app.example
    protect: auto
    base: /app/.guard/
    prefix: /app
    origins: https://app.example
    frame_parents: ['self', https://partner.example]
    script: true
    captcha: {service: recaptcha-v3, sitekey: abc, secret_file: short.key, min_score: 0.7}
    exempt: [POST /webhooks/*, {route: POST /**, when: {header: Next-Action, in: 40ab}}]
    odd_paths: POST /projects/**
    strip_headers: [X-Our-User, "X-Corp-*"]
    allow_headers: CF-IPCountry
    clients: [{name: ci, key_file: long.key}]
    forms:
      - name: vote
        routes: [POST /vote, "PUT /vote/*"]
        captcha: always
        min_fill: 0s
        max_age: 1h
        max_body: 64KiB
        max_fields: 2000
        limits: [{rate: 3, per: 10m, burst: 5, by: ip}, {rate: 1, per: 1h, by: "field:email"}]
        mode: monitor
        signals: {timing: observe, decoy: off, browser: {fullscreen: 0}}
        provider_down: refuse
        rejected_200: false
      - route: POST /blog/*/comments/
        limits: []
      - name: join
        routes: [POST /join, {route: POST /graphql, when: {graphql: [signUp]}}]
      - name: rpc
        route: POST /rpc
        when: {json: method, in: [user.create]}
        captcha: never
        limits: [{rate: 1, per: 1m, by: network}, {rate: 2, per: 1m, by: form}]
`)
	if err != nil {
		t.Fatal(err)
	}
	f := c.Sites[0].Forms[0]
	routes := []string{f.Routes[0].String(), f.Routes[1].String()}
	f.Routes, f.at = nil, ""
	want := Form{Accept200: true, FormConfig: palisade.FormConfig{
		Name: "vote", Ask: palisade.Always, MinFill: -1, MaxAge: time.Hour, MaxBody: 64 << 10, MaxFields: 2000,
		Limits:  []palisade.Limit{{Rate: 3, Per: 10 * time.Minute, Burst: 5, By: palisade.ByIP}, {Rate: 1, Per: time.Hour, By: palisade.ByField("email")}},
		Monitor: true, Step: 2, HardStep: 5, Signals: signal.Settings{"timing": {Mode: signal.Observe}, "decoy": {Mode: signal.Off}, "browser": {Weights: map[signal.Reason]float64{"fullscreen": 0}}}, ProviderDown: palisade.Refuse}}
	if !reflect.DeepEqual(f, want) || !slices.Equal(routes, []string{"POST /vote", "PUT /vote/*"}) {
		t.Errorf("got  %+v %v\nwant %+v", f, routes, want)
	}
	if f := c.Sites[0].Forms[1]; f.Name != "blog-comments" || f.Limits == nil || len(f.Limits) != 0 || f.MaxBody != 10<<20 || f.Ask != palisade.WhenRisky {
		t.Errorf("%+v", f)
	}
	if f := c.Sites[0].Forms[3]; f.Ask != palisade.Never || inWords(f.Limits) != "1 in 1m by network; 2 in 1m by form" {
		t.Errorf("%+v", f)
	}
	if s := c.Sites[0]; !s.Exempt[1].Conditional() || s.Exempt[0].Conditional() || s.Odd[0].Path() != "/projects/**" ||
		s.Forms[2].Routes[0].Conditional() || !s.Forms[2].Routes[1].Conditional() || !s.Forms[3].Routes[0].Conditional() {
		t.Errorf("%+v", s)
	}
	if c.Admin != "" || c.State != "keys/palisade.key" || c.Header != "forwarded" || c.Keys.Current != Secret(strings.Repeat("k", 32)) {
		t.Errorf("%+v", c)
	}
	if c.Limits != (Limits{5, 2, 8 << 10, 1 << 20, time.Second, 4 * time.Second, 2 * time.Second, 3 * time.Second}) || c.Log.Sample != 0 || c.Tracing != "http://127.0.0.1:4318" {
		t.Errorf("%+v %+v", c.Limits, c.Log)
	}
	if s := c.Sites[0]; !s.Auto || s.Script == nil || !*s.Script || s.Captcha.Secret != "hunter2" || s.Captcha.MinScore != 0.7 || s.Clients[0].Name != "ci" || s.Hosts[0] != "www.example.com" {
		t.Errorf("%+v", s)
	} else if !slices.Equal(s.Strip, []string{"X-Our-User", "X-Corp-*"}) || !slices.Equal(s.Allow, []string{"CF-IPCountry"}) {
		t.Errorf("headers: %q and %q", s.Strip, s.Allow)
	}
	if s := c.Sites[0]; s.Base != "/app/.guard/" || s.Prefix != "/app" || !slices.Equal(s.Origins, []string{"https://app.example"}) || !slices.Equal(s.Parents, []string{"self", "https://partner.example"}) {
		t.Errorf("base %q, prefix %q, origins %q, parents %q", s.Base, s.Prefix, s.Origins, s.Parents)
	}
	if s := c.Sites[0]; s.CAs == nil || s.CertName != "app.example" {
		t.Errorf("certificate of the upstream: %v %q", s.CAs, s.CertName)
	}
	if files := c.Files(); !slices.Contains(files, "palisade.yaml") || !slices.Contains(files, "short.key") || !slices.Contains(files, "ca.pem") {
		t.Errorf("files to watch: %v", files)
	}
}

func TestMistakes(t *testing.T) {
	in := func(form string) string { return small + "        " + form + "\n" }
	for _, test := range []struct{ name, text, want string }{
		{"an unknown key", in("min_fil: 3s"), `palisade.yaml:7:9: sites[0].forms[0]: there is no "min_fil" here; did you mean "min_fill"?`},
		{"an unknown key similar to no other", in("colour: red"), `palisade.yaml:7:9: sites[0].forms[0]: there is no "colour" here; known here: captcha, ceiling, count, hard_step, limits,`},
		{"a repeated key", in("route: POST /a"), `palisade.yaml:7:9: `},
		{"an invalid duration", in("min_fill: 3 apples"), `palisade.yaml:7:19: sites[0].forms[0].min_fill: "3 apples" is not a length of time; write e.g. 500ms`},
		{"a number instead of a duration", in("min_fill: 3"), `palisade.yaml:7:19: sites[0].forms[0].min_fill: "3" is not`},
		{"an invalid size", in("max_body: ten"), `palisade.yaml:7:19: sites[0].forms[0].max_body: "ten" is not a size; write e.g.`},
		{"a form without fields", in("max_fields: 0"), `palisade.yaml:7:21: sites[0].forms[0].max_fields: "0" must be a whole number, 1 or more`},
		{"a word that is not allowed", in("captcha: maybe"), `palisade.yaml:7:18: sites[0].forms[0].captcha: "maybe" must be always, when-risky, never`},
		{"a route without a slash", in("routes: [POST signup]"), `palisade.yaml:7:18: sites[0].forms[0].routes[0]: "POST signup": the path must begin with /`},
		{"a route with a method that does not exist", in("routes: [POTS /a]"), `"POTS /a": POTS is no method of HTTP; did you mean "POST"?`},
		{"a route with a word for a method", in("routes: [SUBMIT /a]"), `SUBMIT is no method of HTTP; known here: POST, PUT, PATCH, DELETE, GET, HEAD, OPTIONS`},
		{"a route with a method in lower case", in("routes: [post /a]"), `methods are upper-case words`},
		{"an incomplete limit", in("limits: [{rate: 3}]"), `palisade.yaml:7:19: sites[0].forms[0].limits[0]: rate, per and by are needed`},
		{"a limit with an unknown by", in("limits: [{rate: 3, per: 1m, by: moon}]"), `"moon" must be ip, network, form or field:NAME`},
		{"an unknown signal", in("signals: {everything: off}"), `there is no "everything" here; known here: ` + strings.Join(slices.Sorted(slices.Values(signal.Names())), ", ")},
		{"a list instead of one value", in("name: [a]"), `sites[0].forms[0].name: must be a single value`},
		{"a value instead of a mapping", "sites: [x]", `palisade.yaml:1:9: sites[0]: must be a mapping`},
		{"a key without a value", in("name:"), `sites[0].forms[0].name: has no value`},
		{"an alias", in("name: *x"), `anchors, aliases and tags are not read here`},
		{"no site", "listen: :80", `there is no site: write sites`},
		{"a site without host, upstream and forms", "sites: [{script: true}]", "host is missing"},
		{"an upstream with a path", "sites: [{host: a, protect: auto, upstream: 'http://a/b'}]", `sites[0].upstream: "http://a/b" must be http:// or https://`},
		{"a socket without a name", upstream("unix:"), `sites[0].upstream: "unix:" must be unix: and the name of a socket`},
		{"a socket on a host", upstream("unix://app/app.sock"), `palisade.yaml:1:44: sites[0].upstream: "unix://app/app.sock" must be unix: and the name of a socket, without a host, e.g. unix:/run/app.sock`},
		{"a file that is no socket", upstream("unix:long.key"), `long.key is no socket; name the socket on which the app listens`},
		{"a folder in place of a socket", upstream("unix:."), `is no socket`},
		{"a name that is too long for a socket", upstream("unix:/" + strings.Repeat("a", 200)), `has 201 bytes, but the system takes at most`},
		{"a socket for spans", "tracing: {endpoint: 'unix:/run/spans.sock'}" + small, `must be http:// or https://`},
		{"authorities in a missing file", upstream("https://a', upstream_ca: 'none.pem"), `sites[0].upstream_ca: stat none.pem: no such file`},
		{"authorities in an empty file", upstream("https://a', upstream_ca: 'empty.pem"), `sites[0].upstream_ca: the file has no certificate; it must have at least one in PEM`},
		{"authorities in a file of another kind", upstream("https://a', upstream_ca: 'short.key"), `the file has no certificate`},
		{"an authority that cannot be read", upstream("https://a', upstream_ca: 'bad.pem"), `a certificate in the file cannot be read`},
		{"authorities without https", upstream("http://a', upstream_ca: 'ca.pem"), `are about the certificate of an https:// upstream; remove them`},
		{"a name of a certificate for a socket", upstream("unix:a', upstream_name: 'a"), `are about the certificate of an https:// upstream; remove them`},
		{"two forms with one name", in("name: a") + "      - {name: a, route: POST /b}\n", `palisade.yaml:8:10: the form "a" is there already, at palisade.yaml:6:9`},
		{"two forms that claim one route", small + "      - {name: b, route: POST /signup}\n", `palisade.yaml:7:10: the route "POST /signup" is claimed already, at palisade.yaml:6:9`},
		{"forward_auth without a trusted proxy", strings.Replace(small, "    upstream", "    forward_auth: nginx\n    upstream", 1), "forward_auth needs the proxy in front to be named in trust"},
		{"two sites that claim one host", small + strings.Replace(small, "\nsites:\n", "", 1), `the host "example.com" is claimed already, at palisade.yaml:3:5`},
		{"a trusted proxy range of all addresses", "trust: 0.0.0.0/0" + small, "trusts everybody"},
		{"an invalid address", "listen: nowhere" + small, `"nowhere" is not an address`},
		{"a certificate without a key", "tls: {cert: long.key}" + small, "cert and key go together"},
		{"a missing file", "key_file: none.key" + small, `palisade.yaml:1:11: key_file: stat none.key: no such file`},
		{"a short key", "key_file: short.key" + small, `palisade.yaml:1:11: key_file: the secret has 7 bytes; at least 32 are needed`},
		{"an exemption by a GraphQL operation", strings.Replace(small, "    upstream", "    exempt: [{route: POST /graphql, when: {graphql: [posts]}}]\n    upstream", 1), `exempt: "POST /graphql": graphql narrows no exemption`},
		{"a captcha for any host", "sites: [{host: '*', protect: auto, upstream: 'http://a', captcha: {service: hcaptcha, sitekey: a, secret_file: short.key}}]", "needs a host by name"},
		{"an unknown captcha", asks("hcaptch", ""), `"hcaptch" must be turnstile, hcaptcha, recaptcha-v2, `},
		{"an address for a hosted service", asks("hcaptcha", ", address: 'https://a'"), "address is where one's own altcha-sentinel, cap or mcaptcha is"},
		{"a self-hosted captcha without an address", asks("cap", ""), "address is where one's own"},
		{"a project for a service without projects", asks("hcaptcha", ", project: a"), "project is needed for recaptcha-enterprise, and for nothing else"},
		{"no project", asks("recaptcha-enterprise", ""), "project is needed"},
		{"invalid YAML", "sites: [", "not YAML"},
		{"two documents", small + "---\na: b\n", "must hold one YAML document"},
		{"nothing", "", "must hold one YAML document"},
		{"brackets without end", strings.Repeat("[", 1<<20-1), "is nested too deeply"},
		{"too much", strings.Repeat("#", 1<<20+1), "has more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got\n%v\nwant\n%s", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is shown: %v", err)
			}
		})
	}
}

// upstream is a site with this upstream.
func upstream(where string) string {
	return "sites: [{host: a, protect: auto, upstream: '" + where + "'}]"
}

// The name of a socket in a file is relative to the folder of the file. In a flag it is
// relative to the folder of the process.
func TestSocketOfAnApp(t *testing.T) {
	dir := write(t, map[string]string{"palisade.yaml": upstream("unix:app 1.sock"), "here": ""})
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		src  Source
		want string
	}{
		"relative, in a file":  {Source{File: filepath.Join(dir, "palisade.yaml")}, filepath.Join(dir, "app 1.sock")},
		"relative, in a flag":  {Source{Flags: Flags{Upstream: "unix:@app.sock", Protect: []string{"auto"}}}, filepath.Join(here, "@app.sock")},
		"absolute, variable":   {Source{Env: []string{"PALISADE_UPSTREAM=unix:/run/app.sock", "PALISADE_PROTECT=auto"}}, "/run/app.sock"},
		"with an odd name":     {Source{Flags: Flags{Upstream: "unix:/run/a?b#c%41", Protect: []string{"auto"}}}, "/run/a?b#c%41"},
		"with a needless part": {Source{Flags: Flags{Upstream: "unix:/run/x/../app.sock", Protect: []string{"auto"}}}, "/run/app.sock"},
	} {
		c, err := Load(row.src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if u := c.Sites[0].Upstream; u.Scheme != "unix" || u.Path != row.want || u.Host != "" {
			t.Errorf("%s: %v, want %s", name, u, row.want)
		}
	}
}

// asks is a site with a third-party captcha.
func asks(service, more string) string {
	return "sites: [{host: a, protect: auto, upstream: 'http://a', captcha: {service: " + service + ", sitekey: a, secret_file: short.key" + more + "}}]"
}

func TestEveryServiceOfTheLibraryCanBeAsked(t *testing.T) {
	for _, d := range captcha.Services() {
		more := ""
		if d.Hosted {
			more += ", address: 'https://captcha.example'"
		}
		if d.Project {
			more += ", project: p"
		}
		if c, err := load(t, asks(d.Name, more)); err != nil || c.Sites[0].Captcha.Service != d.Name {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

func TestAllMistakesAreReportedInTheOrderOfTheFile(t *testing.T) {
	_, err := load(t, "log: {level: loud}\nlimits: {connections: 0}\nsites:\n  - {host: a, upstream: ftp://a, forms: [{route: x}]}\n")
	var all Mistakes
	if !errors.As(err, &all) || len(all) != 4 {
		t.Fatalf("%v", err)
	}
	if !slices.IsSortedFunc(all, func(a, b Mistake) int { return a.line - b.line }) {
		t.Errorf("not in order:\n%v", err)
	}
}

func TestFlagsAndVariables(t *testing.T) {
	flags := Flags{Upstream: "http://127.0.0.1:8000", Protect: []string{"POST /signup/", "PUT /signup/", "POST /a/b", "POST /a-b"}}
	for _, test := range []struct {
		name  string
		flags Flags
		env   []string
		file  bool
		want  string // a mistake
		is    func(*Config) bool
	}{
		{"an upstream and a route are enough", flags, nil, false, "", func(c *Config) bool {
			s := c.Sites[0]
			return s.Host == "*" && len(s.Forms) == 3 && s.Forms[0].Name == "signup" && len(s.Forms[0].Routes) == 2 &&
				s.Forms[1].Name == "a-b" && s.Forms[2].Name == "a-b-03" && s.Forms[0].MaxBody == 10<<20
		}},
		{"auto", Flags{Upstream: "http://a", Protect: []string{"auto"}}, nil, false, "", func(c *Config) bool { return c.Sites[0].Auto }},
		{"all from variables", Flags{}, []string{"PALISADE_UPSTREAM=http://a", "PALISADE_PROTECT=POST /a, POST /b", "HOME=/root"}, false, "",
			func(c *Config) bool { return len(c.Sites[0].Forms) == 2 }},
		{"a flag wins over a variable", Flags{Upstream: "http://flag", Listen: []string{":1"}}, []string{"PALISADE_UPSTREAM=http://env", "PALISADE_PROTECT=auto", "PALISADE_LISTEN=:2"}, false, "",
			func(c *Config) bool { return c.Sites[0].Upstream.Host == "flag" && c.Listen[0] == ":1" }},
		{"a flag wins over the file", Flags{Listen: []string{":1"}, Monitor: true}, nil, true, "",
			func(c *Config) bool { return c.Listen[0] == ":1" && c.Sites[0].Forms[0].Monitor }},
		{"a variable monitors all, also routes of flags", flags, []string{"PALISADE_MONITOR=true"}, false, "",
			func(c *Config) bool { return c.Sites[0].Forms[0].Monitor && c.Sites[0].Forms[2].Monitor }},
		{"a variable monitors all, also forms of the file", Flags{}, []string{"PALISADE_MONITOR=true"}, true, "",
			func(c *Config) bool { return c.Sites[0].Forms[0].Monitor }},
		{"auto is monitored", Flags{Upstream: "http://a", Protect: []string{"auto"}, Monitor: true}, nil, false, "",
			func(c *Config) bool { return c.Sites[0].Auto && c.Sites[0].Monitor }},
		{"an exemption in a flag and the site in the file", Flags{Exempt: []string{"POST /x"}}, nil, true, "-exempt: a site is described in the file palisade.yaml or here, not in both", nil},
		{"admin can be switched off", Flags{Upstream: "http://a", Protect: []string{"auto"}, Admin: "off"}, nil, false, "", func(c *Config) bool { return c.Admin == "" }},
		{"the key from a variable", flags, []string{"PALISADE_KEY=" + strings.Repeat("k", 40)}, false, "", func(c *Config) bool { return len(c.Keys.Current) == 40 }},
		{"a site in flags and in the file", flags, nil, true, "-upstream: a site is described in the file palisade.yaml or here, not in both", nil},
		{"nothing at all", Flags{}, nil, false, "-upstream: say where the app is", nil},
		{"no upstream", Flags{Protect: []string{"auto"}}, nil, false, "-upstream: is missing", nil},
		{"nothing protected", Flags{Upstream: "http://a"}, nil, false, "-protect: is missing", nil},
		{"an invalid route", Flags{Upstream: "http://a", Protect: []string{"signup"}}, nil, false, `-protect: "signup": the path must begin with /`, nil},
		{"an invalid upstream", Flags{Upstream: "127.0.0.1:8000", Protect: []string{"auto"}}, nil, false, `-upstream: "127.0.0.1:8000" must be http://`, nil},
		{"a flag that names no socket", Flags{Upstream: "unix:palisade.yaml", Protect: []string{"auto"}}, nil, false, `palisade.yaml is no socket`, nil},
		{"a mistyped variable", flags, []string{"PALISADE_UPSTRAEM=x"}, false, `PALISADE_UPSTRAEM: there is no such variable; did you mean "PALISADE_UPSTREAM"?`, nil},
		{"a short key in a variable", flags, []string{"PALISADE_KEY=hunter2"}, false, "PALISADE_KEY: the secret has 7 bytes", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			src := Source{Flags: test.flags, Env: test.env}
			t.Chdir(write(t, map[string]string{"palisade.yaml": small}))
			if test.file {
				src.File = "palisade.yaml"
			}
			c, err := Load(src)
			switch {
			case test.want == "" && err != nil:
				t.Fatal(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Fatalf("got %v, want %s", err, test.want)
			case test.want == "" && !test.is(c):
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestEveryFlagHasAVariable(t *testing.T) {
	known := new(reader).variables(new(Flags), new(Keys))
	flags := reflect.TypeFor[Flags]()
	for i := range flags.NumField() {
		if flag := flags.Field(i).Tag.Get("name"); flag == "" || known[variable(flag)] == nil {
			t.Errorf("the field %s needs a name, and a type that variables knows", flags.Field(i).Name)
		}
	}
}

func TestSecretDoesNotShowItself(t *testing.T) {
	c, err := load(t, "key_file: long.key"+small)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := c.Keys.Current.MarshalText()
	for _, shown := range []string{fmt.Sprint(c.Keys), fmt.Sprintf("%#v %s %q %v %+v %d %x", c.Keys, c.Keys, c.Keys.Current, c, *c, c.Keys.Current, c.Keys), string(text), c.Keys.Current.LogValue().String()} {
		if strings.Contains(shown, "kkkk") || strings.Contains(shown, "6b6b") || strings.Contains(shown, "107") {
			t.Errorf("shown: %s", shown)
		}
	}
}

// For every file there is either a configuration that protects something, or a list of
// mistakes, each with its place. There are never both, and never neither.
func FuzzLoad(f *testing.F) {
	f.Add(small)
	f.Add("sites: [{host: a, upstream: http://a, protect: auto}]")
	f.Add("a: &x [*x]\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := &reader{file: "f.yaml"}
		c := &Config{}
		r.parse([]byte(text), func(n node) { r.root(n, c) })
		r.check(c)
		if len(r.mistakes) == 0 {
			if len(c.Sites) == 0 {
				t.Fatal("neither a site nor a mistake")
			}
			for _, s := range c.Sites {
				if s.Upstream == nil || s.Host == "" || !s.Auto && len(s.Forms) == 0 {
					t.Fatalf("taken: %+v", s)
				}
			}
		}
		for _, m := range r.mistakes {
			if m.Where == "" || m.Text == "" {
				t.Fatalf("a mistake without a place or a word: %+v", m)
			}
		}
	})
}

// What a form's limits count is written, or told by the words in its name and its routes.
func TestWhatAFormCounts(t *testing.T) {
	for _, row := range []struct {
		form string
		want palisade.Count
		says bool // that 200 with the form is a rejection
	}{
		{"route: POST /signup", palisade.CountByName, false},
		{"route: POST /signup, rejected_200: true", palisade.CountByName, true},
		{"route: POST /signup, rejected_200: false", palisade.CountByName, false},
		{"route: POST /accounts/login/", palisade.CountFailures, false},
		{"route: POST /accounts/login/, name: members", palisade.CountFailures, false},
		{"route: [POST /a, POST /cart/checkout], name: shop", palisade.CountFailures, false},
		{"route: POST /accounts/login/, count: accepted", palisade.CountAccepted, false},
		{"route: POST /signup, count: attempts", palisade.CountAttempts, false},
		{"route: POST /signup, count: failures", palisade.CountFailures, false},
	} {
		c, err := load(t, "listen: \":80\"\nsites:\n  - host: example.com\n    upstream: http://127.0.0.1:9\n    forms:\n      - {"+row.form+"}\n")
		if err != nil {
			t.Fatalf("%s: %v", row.form, err)
		}
		if f := c.Sites[0].Forms[0]; f.Count != row.want || f.Reject200 != row.says {
			t.Errorf("%s: count %d, rejects %v", row.form, f.Count, f.Reject200)
		}
	}
	for form, want := range map[string]string{
		"route: POST /a, count: rejected":                                                                                   `"rejected" must be accepted, attempts, failures`,
		"route: POST /a, limits: [{rate: 3, per: 1h, by: ip, cost: body x}]":                                                `"body x" must be header NAME or json PATH`,
		"route: POST /a, limits: [{rate: 3, per: 1h, by: ip, cost: header}]":                                                "must be header NAME or json PATH",
		"route: POST /a, limits: [{rate: 3, per: 1h, by: ip, reserve: 2}]":                                                  "reserve is for a limit with cost",
		"route: POST /a, limits: [{rate: 3, per: 1h, by: ip, cost: json a}, {rate: 3, per: 1h, by: network, cost: json b}]": "the limits of a form must have the same cost",
		"route: POST /a, ceiling: {rate: 3}":                                                                                "rate and per are needed",
		"route: POST /a, ceiling: {rate: 3, per: 400d}":                                                                     "is not a length of time",
	} {
		_, err := load(t, "listen: \":80\"\nsites:\n  - host: example.com\n    upstream: http://127.0.0.1:9\n    forms:\n      - {"+form+"}\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", form, err, want)
		}
	}
}

func TestALimitByCost(t *testing.T) {
	c, err := load(t, "listen: \":80\"\nsites:\n  - host: example.com\n    upstream: http://127.0.0.1:9\n    forms:\n      - route: POST /ask\n        limits: [{rate: 1000, per: 1h, by: ip, cost: json usage.total_tokens, reserve: 200}, {rate: 5, per: 1h, by: ip}]\n")
	if err != nil {
		t.Fatal(err)
	}
	f := c.Sites[0].Forms[0]
	if !slices.Equal(f.Cost.JSON, []string{"usage", "total_tokens"}) || f.Limits[0].Reserve != 200 || f.Limits[1].Reserve != 0 {
		t.Errorf("%+v, %+v", f.Cost, f.Limits)
	}
}

// Requests of scripts pass by a session, which the script in the page opens.
func TestTheScriptIsWhereItIsNeeded(t *testing.T) {
	for _, test := range []struct {
		name, site, flag string
		want             bool
	}{
		{"a form alone works without it", "forms: [{route: POST /signup}]", "", false},
		{"whatever changes something", "protect: auto", "", true},
		{"a form with sessions", "forms: [{route: POST /signup}, {route: POST /api, sessions: true}]", "", true},
		{"it is not wanted", "protect: auto, script: false", "", false},
		{"it is wanted", "forms: [{route: POST /signup}], script: true", "", true},
		{"a variable asks for it", "", "true", true},
		{"a variable refuses it", "", "false", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			src := Source{Flags: Flags{Upstream: "http://127.0.0.1:8000", Protect: []string{"auto"}}, Env: []string{"PALISADE_SCRIPT=" + test.flag}}
			if test.site != "" {
				dir := write(t, map[string]string{"palisade.yaml": "sites: [{host: '*', upstream: 'http://127.0.0.1:8000', " + test.site + "}]"})
				src = Source{File: filepath.Join(dir, "palisade.yaml")}
			}
			c, err := Load(src)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Sites[0].InPages(); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
