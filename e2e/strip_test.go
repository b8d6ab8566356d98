package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// A proxy that asks the gateway passes pages to the app itself. It too removes the headers
// of a client that only proxies may set.
func TestAProxyThatAsksPassesNothingOnThatOnlyProxiesSay(t *testing.T) {
	removed := strings.Fields(`X-Forwarded-User X-Forwarded-Prefix X-Forwarded-Host Forwarded X-Real-IP True-Client-IP CF-Connecting-IP Fly-Client-IP X-Azure-ClientIP
		Remote-User X-Remote-User X-Auth-Request-User X-WebAuth-User X-Authentik-Username Tailscale-User-Login X-Pomerium-Jwt-Assertion
		CF-Access-Authenticated-User-Email X-MS-Client-Principal X-Goog-IAP-JWT-Assertion X-SSL-Client-DN Client-Cert X-Original-URL X-Rewrite-URL X-HTTP-Method-Override
		X-Middleware-Subrequest X-Invoke-Path X-Accel-Redirect Proxy Surrogate-Capability X-Envoy-Internal X-Vercel-Forwarded-For Palisade-Verdict X_Real_IP Remote_User`)
	passed := strings.Fields(`Authorization Cookie X-CSRF-Token X-Requested-With X-Api-Key X-Middleware-Prefetch X-Nextjs-Data Next-Action CF-Webhook-Auth X-Goog-Channel-ID
		Sec-Fetch-Site X-Request-Id Idempotency-Key HX-Request`)
	for proxy := range proxies {
		t.Run(proxy, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var got http.Header
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				got = r.Header.Clone()
			}))
			t.Cleanup(server.Close)
			front := asked(t, &apps.App{URL: server.URL}, proxy, "forms: [{route: POST /signup}]")
			var b strings.Builder
			for _, name := range append(removed, passed...) {
				fmt.Fprintf(&b, "%s: sent\r\n", name)
			}
			if status, _ := send(t, front, "GET / HTTP/1.1\r\nHost: "+hostOf(front)+"\r\n"+b.String()+"\r\n"); status != 200 {
				t.Fatalf("status %d", status)
			}
			mu.Lock()
			defer mu.Unlock()
			for name, lines := range got {
				for _, r := range removed {
					if strings.EqualFold(strings.ReplaceAll(r, "_", "-"), strings.ReplaceAll(name, "_", "-")) && strings.Contains(strings.Join(lines, ","), "sent") {
						t.Errorf("the app got %s", name)
					}
				}
			}
			for _, name := range passed {
				if got.Get(name) != "sent" {
					t.Errorf("the app did not get %s", name)
				}
			}
			if from := got.Get("X-Forwarded-For"); from != "127.0.0.1" {
				t.Errorf("the app gets the address %q", from)
			}
		})
	}
}
