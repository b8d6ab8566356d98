package audit_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/palisade-dev/palisade/internal/audit"
	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// A refusal shows that an instance remembers tokens only if the same instance accepts an
// unused token.
func TestASecondInstanceIsJudgedByWhatItTakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		defect string // of the first instance, and of the second where the two are one app
		second func(a *reference) http.HandlerFunc
		want   engine.Status
		says   string
	}{
		"one memory for both":                                          {"", together, engine.Pass, "before and after"},
		"one memory, and the site's Host alone":                        {"", onlyHost("first"), engine.Pass, ""},
		"one memory, and the instance's Host alone":                    {"", onlyHost("second"), engine.Pass, ""},
		"one memory, and sessions of its own":                          {"", ownSessions, engine.Pass, ""},
		"no memory, and sessions of its own":                           {"B03", ownSessions, engine.Fail, "did it again"},
		"no memory":                                                    {"B03", together, engine.Fail, "did it again"},
		"a memory of its own, and a service that refuses a second use": {"", apart, engine.Fail, "When the service said yes"},
		"the second instance refuses everything":                       {"", refusesAll, engine.Inconclusive, "not taken a valid submission"},
		"folded names refuse used and unused tokens":                   {"", foldsNames, engine.Inconclusive, "not taken a valid submission"},
		"other instances' pages are refused, tokens and all":           {"", ownTokens, engine.Inconclusive, "takes no token of the first"},
		"pages without a form":                                         {"", noPage, engine.Inconclusive, "not taken a valid submission"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := auditOfTwo(t, c.defect, c.second)
			if f.Status != c.want || !strings.Contains(f.Says, c.says) {
				t.Errorf("%s: %s; want %s, %q", f.Status, f.Says, c.want, c.says)
			}
		})
	}
}

// A limit may begin at any of the submissions. The audit does not take its refusals for
// those of a memory.
func TestALimitOfTheSecondInstanceIsNoMemory(t *testing.T) {
	t.Parallel()
	for most := range int64(9) {
		f := auditOfTwo(t, "", func(a *reference) http.HandlerFunc {
			var posts atomic.Int64
			return func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && posts.Add(1) > most {
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				a.serve(w, r)
			}
		})
		if f.Status != engine.Inconclusive {
			t.Errorf("limit %d: %s: %s", most, f.Status, f.Says)
		}
	}
}

// auditOfTwo looks for B03 in an app of two instances.
func auditOfTwo(t *testing.T, defect string, second func(*reference) http.HandlerFunc) engine.Finding {
	t.Helper()
	a, address := startReference(t, defect)
	other := httptest.NewServer(second(a))
	t.Cleanup(other.Close)
	spec := specFor(t, a, address)
	spec.Only, spec.Instances = []string{"B03"}, []string{other.URL}
	spec.Fields = []engine.Field{{Name: "CF_Turnstile_Response", Value: "{canary}"}} // much like the token's name, which one of the instances rejects
	report, err := audit.Run(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if report.Requests > report.Bound {
		t.Errorf("%d requests were sent, and %d announced", report.Requests, report.Bound)
	}
	return report.Findings[0]
}

func together(a *reference) http.HandlerFunc { return a.serve }

// apart is an instance that shares only its effects with the other.
func apart(a *reference) http.HandlerFunc {
	b := &reference{
		services: a.services, service: a.service, verify: a.verify, did: a.add,
		used: map[string]bool{}, cleared: map[string]string{}, counts: map[string]int{}, failures: map[string]int{}, last: map[string]string{},
	}
	return b.serve
}

// unless is an instance that refuses submissions with a given fault.
func unless(a *reference, wrong func(*http.Request) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && wrong(r) {
			a.refuse(w)
			return
		}
		a.serve(w, r)
	}
}

func refusesAll(a *reference) http.HandlerFunc {
	return unless(a, func(*http.Request) bool { return true })
}

func onlyHost(which string) func(*reference) http.HandlerFunc {
	return func(a *reference) http.HandlerFunc {
		return unless(a, func(r *http.Request) bool {
			return (r.Host == a.listener.Addr().String()) != (which == "first")
		})
	}
}

// ownSessions accepts only submissions from the instance's own page.
func ownSessions(a *reference) http.HandlerFunc {
	next := unless(a, func(r *http.Request) bool {
		_, err := r.Cookie("second")
		return err != nil
	})
	return func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "second", Value: "1"})
		next(w, r)
	}
}

// foldsNames refuses two fields whose names are equal after folding.
func foldsNames(a *reference) http.HandlerFunc {
	return unless(a, func(r *http.Request) bool {
		seen := map[string]bool{}
		for name := range formOnce(r) {
			name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
			if seen[name] {
				return true
			}
			seen[name] = true
		}
		return false
	})
}

// ownTokens refuses visitors of the other instance, like an app that knows which pages it
// served.
func ownTokens(a *reference) http.HandlerFunc {
	var visitors sync.Map
	address := func(r *http.Request) string {
		ip, _, _ := net.SplitHostPort(r.RemoteAddr)
		return ip
	}
	a.saw = func(r *http.Request) {
		if r.Context().Value(http.LocalAddrContextKey).(net.Addr).String() == a.listener.Addr().String() {
			visitors.Store(address(r), true)
		}
	}
	return unless(a, func(r *http.Request) bool {
		_, known := visitors.Load(address(r))
		return known
	})
}

func noPage(*reference) http.HandlerFunc { return http.NotFound }

// formOnce reads the form, and restores the body for the next reader.
func formOnce(r *http.Request) url.Values {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body)) // an unreadable body has no fields
	return form
}
