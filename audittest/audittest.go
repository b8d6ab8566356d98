// Package audittest runs palisade audit in a Go test. It serves a handler on this machine
// and attacks it with every mistake of the catalogue. The test fails for each mistake that
// the handler has.
//
//	services := captchatest.NewServer()
//	defer services.Close()
//	app := newApp(services.VerifyURL(captchatest.Turnstile)) // the app asks the audit
//	audittest.Run(t, app, audittest.Options{
//		Page:     "/signup",
//		Count:    func() (int, error) { return app.users.Count(), nil },
//		Verifier: services,
//	})
//
// Forms of package palisade need no Verifier, because the audit solves their own captcha as
// a browser does. Count lets the audit see effects. The status of an answer proves nothing,
// so without Count nothing is decided and the test fails.
package audittest

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit"
	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// TB is the part of testing.TB that the audit needs. With it, a program that imports this
// package does not link package testing.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
}

// Options describe the audit. Page and Count are required.
type Options struct {
	Page     string              // path of the page with the form
	Count    func() (int, error) // number of effects so far; called from another goroutine
	Verifier *captchatest.Server // the verifier that the handler asks, for captchas that are verified elsewhere
	Captcha  string              // service, if the page does not show it; names as in package captchatest
	Action   string              // of tokens; default the widget's
	Host     string              // public name of the handler, if the handler checks it; default the address of the test
	Hostname string              // of tokens; default the host
	Form     string              // which form of the page: #id, or the path that it posts to
	Fields   map[string]string   // values where the automatic ones fail; {canary} stands for a unique text
	MinFill  time.Duration       // the shortest time a person needs; default measured
	Only     []string            // run only these rules or groups, such as "A" or "B01"
	Skip     []string            // leave these out
	Accept   []string            // rules whose findings are known and accepted
	FailOn   string              // lowest severity that fails: note, low (default), medium, high or critical
	MaxTime  time.Duration       // default five minutes
	Context  context.Context     // default context.Background
}

// Run audits the handler. It fails the test for each finding, and for each rule that applies
// but could not be decided. It takes seconds, or longer if the handler accepts a form only
// some time after it was loaded.
func Run(t TB, handler http.Handler, o Options) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	defer server.CloseClientConnections()
	least := engine.Low
	if o.FailOn != "" {
		if err := least.UnmarshalText([]byte(o.FailOn)); err != nil {
			t.Errorf("audittest: FailOn: %v", err)
			return
		}
	}
	host := server.Listener.Addr().String()
	spec := engine.Spec{
		Target: "http://" + cmp.Or(o.Host, host) + "/" + strings.TrimPrefix(o.Page, "/"), Connect: host, Verifier: o.Verifier, Captcha: o.Captcha, CaptchaFor: o.Action, Hostname: o.Hostname,
		Form: o.Form, MinFill: o.MinFill, Only: o.Only, Skip: o.Skip, MaxTime: o.MaxTime, Rate: 2000, Stack: "go",
	}
	if o.Count != nil {
		spec.Oracle = count(o.Count)
	}
	for name, value := range o.Fields {
		spec.Fields = append(spec.Fields, engine.Field{Name: name, Value: value})
	}
	ctx := o.Context
	if ctx == nil {
		ctx = context.Background()
	}
	report, err := audit.Run(ctx, spec)
	if err != nil {
		t.Errorf("audittest: %v", err)
		return
	}
	tell(t, report, least, o.Accept)
}

// tell fails the test for the findings.
func tell(t TB, r *engine.Report, least engine.Severity, accepted []string) {
	t.Helper()
	if r.Broken != "" || r.Stopped != "" {
		t.Errorf("audit: hardly anything could be decided: %s%s", r.Broken, r.Stopped)
		return
	}
	for _, f := range r.Findings {
		switch {
		case f.Status == engine.Inconclusive:
			t.Errorf("audit: %s could not be decided: %s: %s", f.ID, f.Title, f.Says)
		case f.Status == engine.Fail && !has(accepted, f.ID) && f.Severity >= least:
			t.Errorf("audit: %s, %s: %s\n%s\n%s\nto mend it: %s\n%s\n%s", f.ID, f.Severity, f.Title, f.Says, f.Why, f.Fix, f.Code, shown(f))
		case f.Status == engine.Fail:
			t.Logf("audit: %s, %s: %s", f.ID, f.Severity, f.Says)
		}
	}
	t.Logf("audit of %s: %d rules passed, %d left out, %d requests", r.Form, r.Count(engine.Pass), r.Count(engine.LeftOut), r.Requests)
}

func shown(f engine.Finding) string {
	if len(f.Evidence) == 0 {
		return ""
	}
	e := f.Evidence[0]
	return fmt.Sprintf("%s:\n%s\n\n%s", e.What, e.Request, e.Response)
}

func has(list []string, id string) bool {
	for _, s := range list {
		if strings.EqualFold(s, id) {
			return true
		}
	}
	return false
}

// count is an oracle that asks the test.
type count func() (int, error)

// Count implements engine.Oracle.
func (c count) Count(context.Context, []string) (int, error) { return c() }
