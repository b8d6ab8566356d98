package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/gateway"
)

// told sends each header in turn and returns the names that reached the app.
func (w *world) told(names []string, change ...func(*http.Request)) map[string]bool {
	w.t.Helper()
	w.get("/", append(change, func(r *http.Request) {
		for _, name := range names {
			r.Header[http.CanonicalHeaderKey(name)] = []string{"sent"}
		}
	})...)
	got, n := w.last()
	if n == 0 {
		w.t.Fatalf("nothing reached the app because %s", w.reason())
	}
	told := make(map[string]bool)
	for _, name := range names {
		if lines := got.header[http.CanonicalHeaderKey(name)]; len(lines) > 0 && lines[0] == "sent" {
			told[name] = true
		}
	}
	return told
}

func TestAClientSpeaksForNoProxy(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ name, headers string }{
		{"where it comes from", "X-Forwarded-For X-Forwarded-Prefix X-Forwarded-User X-Forwarded-Nobody Forwarded Via X-Scheme HTTPS X-Request-Start"},
		{"its address", "X-Real-IP X-Client-IP True-Client-IP True-Client-Port Client-IP X-Remote-Addr Remote-Addr X-True-Client-IP X-Custom-IP-Authorization"},
		{"its country", "CF-IPCountry X-Country-Code X-GeoIP-Country GeoIP-Country-Code X-AppEngine-Country CloudFront-Viewer-Country"},
		{"its address in words of CDNs", "CF-Connecting-IP CF-Pseudo-IPv4 Fly-Client-Ip X-Azure-ClientIP X-Azure-SocketIP X-Vercel-Forwarded-For Fastly-Client-IP Akamai-Origin-Hop X-NF-Client-Connection-IP CloudFront-Viewer-Address Do-Connecting-IP Incap-Client-IP CDN-Real-IP X-Google-Real-IP"},
		{"who it is", "Remote-User Remote-Groups X-Remote-User X-Auth-Request-User X-Auth-Request-Email X-WebAuth-User X-Authenticated-User X-Consumer-ID X-User X-Userinfo"},
		{"who it is, by services", "Cf-Access-Authenticated-User-Email Cf-Access-Jwt-Assertion X-Goog-Authenticated-User-Email X-Goog-IAP-JWT-Assertion X-MS-Client-Principal X-MS-Client-Principal-Name X-MS-Token-AAD-ID-Token X-Amzn-Oidc-Data Tailscale-User-Login X-Authentik-Username X-Pomerium-Jwt-Assertion X-Vouch-User Shib-Session-ID IV-User OIDC-Claim-Sub"},
		{"its certificate", "X-SSL-Client-DN X-SSL-Client-Verify X-SSL-Cert SSL-Client-Cert Client-Cert Client-Cert-Chain X-Client-Cert X-Client-DN X-Amzn-Mtls-Clientcert X-ARR-ClientCert MS-ASPNETCORE-CLIENTCERT"},
		{"another path", "X-Original-URL X-Original-URI X-Rewrite-URL X-Replaced-Path X-WAWS-Unencoded-URL X-Envoy-Original-Path Script-Name X-Matched-Path"},
		{"another host", "X-Host X-Forwarded-Server X-Original-Host X-Backend-Host Disguised-Host"},
		{"another method", "X-HTTP-Method-Override X-HTTP-Method X-Method-Override X-Method"},
		{"to be a framework's own request", "X-Middleware-Subrequest X-Middleware-Subrequest-Id X-Middleware-Rewrite X-Middleware-Skip X-Invoke-Path X-Invoke-Status X-Now-Route-Matches X-Prerender-Revalidate X-Next-Revalidated-Tags X-Nextjs-Postponed Next-Resume"},
		{"how a server serves files", "X-Accel-Redirect X-Accel-Mapping X-Sendfile-Type X-Php-Ob-Level Proxy Surrogate-Capability"},
		{"how a mesh or router behaves", "X-Envoy-Internal X-Envoy-Upstream-Rq-Timeout-Ms L5d-Dtab X-CF-App-Instance X-Istio-Attributes Fastly-FF"},
		{"the verdict", "Palisade-Verdict Palisade-Anything"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name := range w.told(strings.Fields(test.headers)) {
				t.Errorf("the app is told %s by the client", name)
			}
		})
	}
}

func TestWhatBrowsersAndCallersSendPasses(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ name, headers string }{
		{"fetch metadata", "Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-User Sec-Purpose Purpose Upgrade-Insecure-Requests Priority"},
		{"client hints", "Sec-CH-UA Sec-CH-UA-Mobile Sec-CH-UA-Platform Sec-CH-Prefers-Color-Scheme Device-Memory Downlink ECT RTT Viewport-Width Width DPR Save-Data"},
		{"conditions and ranges", "If-None-Match If-Modified-Since If-Match If-Unmodified-Since Range If-Range Cache-Control Pragma"},
		{"content", "Accept Accept-Language Content-Language Content-Disposition Content-MD5 Content-Digest Repr-Digest Digest Expect-CT Last-Event-ID Prefer"},
		{"cookies and privacy", "Cookie DNT Sec-GPC Referer Origin From"},
		{"tokens against forgery", "X-CSRF-Token X-Csrftoken X-XSRF-TOKEN X-WP-Nonce RequestVerificationToken CF-Turnstile-Response"},
		{"logins", "Authorization X-Auth-User X-Username X-Api-Key Api-Key X-Auth-Token X-Auth-Key X-Auth-Email X-User-Id X-User-Email X-User-Token X-Access-Token X-Amz-Date X-Amz-Content-Sha256 X-Hasura-Role"},
		{"htmx", "HX-Request HX-Target HX-Trigger HX-Trigger-Name HX-Current-URL HX-Boosted HX-Prompt HX-History-Restore-Request"},
		{"Turbo, Inertia, Livewire, Unpoly, pjax", "Turbo-Frame X-Turbo-Request-Id X-Inertia X-Inertia-Version X-Inertia-Partial-Data X-Livewire X-Livewire-Navigate X-Up-Version X-Up-Target X-PJAX X-PJAX-Container"},
		{"Next.js", "RSC Next-Action Next-Url Next-Router-State-Tree Next-Router-Prefetch Next-Router-Segment-Prefetch X-Nextjs-Data X-Middleware-Prefetch X-Nextjs-Request-Id"},
		{"other frameworks", "X-SvelteKit-Action X-SvelteKit-Invalidated X-Remix-Response X-Requested-With X-Clacks-Overhead X-Wap-Profile X-Client-Info X-Client-Version X-Client-Id X-User-Agent X-Grpc-Web Grpc-Timeout"},
		{"uploads", "Tus-Resumable Upload-Length Upload-Offset Upload-Metadata Upload-Complete Upload-Draft-Interop-Version X-File-Name X-Upload-Content-Type"},
		{"WebDAV", "Destination Depth Overwrite Lock-Token If Timeout"},
		{"tracing and repeats", "X-Request-Id X-Correlation-Id Request-Id Traceparent Tracestate Baggage B3 X-B3-Traceid Sentry-Trace X-Amzn-Trace-Id X-Cloud-Trace-Context Idempotency-Key CDN-Loop"},
		{"webhooks", "X-Hub-Signature-256 X-GitHub-Event X-Gitlab-Token Stripe-Signature X-Shopify-Hmac-Sha256 X-Twilio-Signature X-Slack-Signature Webhook-Signature X-Goog-Channel-ID X-Goog-Resource-State X-Amz-Sns-Message-Type Heroku-Webhook-Hmac-Sha256 CF-Webhook-Auth X-Vercel-Signature Tailscale-Webhook-Signature Svix-Id"},
		{"a custom name", "X-Our-User X-Corp-Team"},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := strings.Fields(test.headers)
			told := w.told(all)
			for _, name := range all {
				if !told[name] {
					t.Errorf("the app does not get %s", name)
				}
			}
		})
	}
}

func TestASiteAddsToWhatIsStripped(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config, s *gateway.Site) {
		c.ClientIP = clientip.Proxies("127.0.0.1")
		s.StripHeaders = []string{"x-our-user", "X-Corp-*"}
		s.AllowHeaders = []string{"X-Auth-Request-*", "CF-IPCountry", "X-Corp-Team"}
	})
	w2 := newWorld(t, func(c *gateway.Config, s *gateway.Site) {
		c.ClientIP = clientip.Proxies("192.0.2.1")
		s.StripHeaders = []string{"X-Corp-*"}
		s.AllowHeaders = []string{"X-Auth-Request-*", "CF-IPCountry", "X-Corp-Team"}
	})
	visitor := header("X-Forwarded-For", "192.0.2.7")
	for _, test := range []struct {
		name    string
		w       *world
		headers string
		passes  bool
	}{
		{"a name that is stripped", w, "X-Our-User", false},
		{"names with a stripped prefix", w, "X-Corp-User X-Corp-User-Id", false},
		{"names that only look similar", w, "X-Our-Username X-Our X-Corps X-Corp", true},
		{"a header that the proxy in front may set", w, "X-Auth-Request-User X-Auth-Request-Email CF-IPCountry", true},
		{"a header that the proxy in front may not set", w, "X-WebAuth-User CF-Connecting-IP", false},
		{"a stripped header that the proxy in front may set", w, "X-Corp-Team", true},
		{"a stripped header that a client sets", w2, "X-Corp-Team", false},
		{"a client's header that only the proxy may set", w2, "X-Auth-Request-User CF-IPCountry", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := strings.Fields(test.headers)
			told := test.w.told(all, visitor)
			for _, name := range all {
				if told[name] != test.passes {
					t.Errorf("%s: passes %v, want %v", name, told[name], test.passes)
				}
			}
		})
	}
}

func TestMistakesInWhatIsStripped(t *testing.T) {
	upstream, _ := url.Parse("http://127.0.0.1:1")
	for _, test := range []struct {
		name         string
		strip, allow string
		trust        bool
		want         string // part of the error, "" for none
	}{
		{"a name", "X-Our-User", "", false, ""},
		{"the beginning of names", "X-Corp-*", "", false, ""},
		{"a name that is stripped anyway", "X-Forwarded-For", "", false, ""},
		{"nothing", " ", "", false, "neither the name"},
		{"everything", "*", "", false, "neither the name"},
		{"half a word", "X-Corp*", "", false, "neither the name"},
		{"a star inside", "X-*-User", "", false, "neither the name"},
		{"a header with its value", "X-Our-User: ada", "", false, "neither the name"},
		{"an underscore", "X_Our_User", "", false, "neither the name"},
		{"cookies", "cookie", "", false, "Cookie is needed"},
		{"the type of bodies", "Content-Type", "", false, "Content-Type is needed"},
		{"the prefix of the type of bodies", "content-*", "", false, "is needed"},
		{"where a page comes from", "Sec-*", "", false, "is needed"},
		{"a ticket in a header", "Palisade-*", "", false, "is needed"},
		{"a name to allow", "", "X-Auth-Request-User", true, ""},
		{"a beginning to allow", "", "CF-*", true, ""},
		{"a prefix of paths to allow", "", "X-Forwarded-Prefix", true, ""},
		{"a name to allow without a proxy in front", "", "X-Auth-Request-User", false, "named in trust"},
		{"a verdict to allow", "", "Palisade-Verdict", true, "never kept"},
		{"another method to allow", "", "X-HTTP-Method-Override", true, "never kept"},
		{"another path to allow", "", "x-original-url", true, "never kept"},
		{"all to allow, another path with it", "", "X-*", true, "never kept"},
		{"a check to be skipped", "", "X-Middleware-Subrequest", true, "never kept"},
	} {
		t.Run(test.name, func(t *testing.T) {
			site := gateway.Site{Host: "example.com", Upstream: upstream, Keys: palisade.Keys{Current: key}, Forms: []gateway.Form{{
				FormConfig: palisade.FormConfig{Name: "signup"}, Routes: patterns(t, "POST /signup"),
			}}}
			if test.strip != "" {
				site.StripHeaders = []string{test.strip}
			}
			if test.allow != "" {
				site.AllowHeaders = []string{test.allow}
			}
			source := clientip.RemoteAddr()
			if test.trust {
				source = clientip.Proxies("127.0.0.1")
			}
			_, err := gateway.New(gateway.Config{ClientIP: source, Sites: []gateway.Site{site}})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}
