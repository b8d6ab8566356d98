package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// family is a kind of headers that apps believe because they expect a proxy to write
// them. The gateway removes these headers if a client sends them.
type family struct {
	why      string   // one line: the harm that a client could do with it
	names    []string // whole names
	prefixes []string // beginnings of names; each ends in "-"
	known    []string // names with these prefixes in wide use, for proxies that remove by name alone (deploy/)

	// judged: an app that believes the header acts on another request than the gateway
	// judged. So not even a proxy in front can keep it (allow_headers).
	judged bool
	// hop: the header is for one connection alone, and every proxy removes it.
	hop bool
}

// families lists all headers that are removed. A test checks deploy/ against it.
var families = []family{{
	why:   "hop by hop: it belongs to one connection and can make the next hop read another message",
	names: []string{"Connection", "HTTP2-Settings", "Keep-Alive", "Proxy-Connection", "TE", "Trailer"}, judged: true, hop: true,
}, {
	why:      "our own words: a verdict would pass for the gateway's",
	prefixes: []string{"Palisade-"},
	known:    []string{"Palisade-Verdict"}, judged: true,
}, {
	why:   "method override: the app would run another method than the one that was judged",
	names: []string{"X-HTTP-Method", "X-HTTP-Method-Override", "X-Method", "X-Method-Override"}, judged: true,
}, {
	why: "routing and rewriting: the app would serve another path or host than the one that was judged",
	names: []string{
		"Base-Url", "Disguised-Host", "Path-Info", "Request-Uri", "Script-Name", "Was-Default-Hostname", "X-Backend-Host", "X-Host",
		"X-HTTP-DestinationURL", "X-HTTP-Host-Override", "X-Override-URL", "X-Path-Info", "X-Request-Uri", "X-Script-Name", "X-WAWS-Unencoded-URL",
	},
	prefixes: []string{"X-Original-", "X-Replaced-", "X-Rewrite-"},
	known: []string{
		"X-Original-For", "X-Original-Host", "X-Original-Method", "X-Original-Path", "X-Original-Proto", "X-Original-Remote-Addr", "X-Original-URI",
		"X-Original-URL", "X-Replaced-Path", "X-Rewrite-URL",
	}, judged: true,
}, {
	why:      "inside of Next.js: parts of it, such as a check of who is logged in, are skipped for requests that seem to be its own",
	names:    []string{"Next-Resume", "X-Action-Forwarded", "X-Matched-Path"},
	prefixes: []string{"X-Invoke-", "X-Middleware-", "X-Next-", "X-Nextjs-", "X-Now-", "X-Prerender-"},
	known: []string{
		"X-Invoke-Error", "X-Invoke-Output", "X-Invoke-Path", "X-Invoke-Query", "X-Invoke-Status", "X-Middleware-Invoke", "X-Middleware-Next",
		"X-Middleware-Override-Headers", "X-Middleware-Redirect", "X-Middleware-Rewrite", "X-Middleware-Set-Cookie", "X-Middleware-Skip",
		"X-Middleware-Subrequest", "X-Middleware-Subrequest-Id", "X-Next-Revalidate-Tag-Token", "X-Next-Revalidated-Tags", "X-Nextjs-Postponed",
		"X-Now-Route-Matches", "X-Prerender-Revalidate", "X-Prerender-Revalidate-If-Generated",
	}, judged: true,
}, {
	why: "inside of other frameworks and their servers: CGI (httpoxy), Rails and Rack, Symfony, IIS and ASP.NET, WebLogic, edge-side includes",
	names: []string{
		"Proxy", "X-Php-Ob-Level", "X-Queue-Start", "X-Request-Start", "X-Sendfile", "X-Sendfile-Type",
	},
	prefixes: []string{"MS-ASPNETCORE-", "Surrogate-", "WL-Proxy-", "X-Accel-", "X-ARR-", "X-IISNode-", "X-WebLogic-"},
	known: []string{
		"MS-ASPNETCORE-CLIENTCERT", "MS-ASPNETCORE-TOKEN", "MS-ASPNETCORE-WINAUTHTOKEN", "Surrogate-Capability", "WL-Proxy-Client-Cert", "WL-Proxy-Client-IP",
		"WL-Proxy-SSL", "X-Accel-Mapping", "X-Accel-Redirect", "X-ARR-ClientCert", "X-ARR-LOG-ID", "X-ARR-SSL",
	},
}, {
	why: "forwarding: who asked, for which host and under which scheme",
	names: []string{
		"Forwarded", "Front-End-Https", "HTTPS", "Via", "X-Forwarded", "X-Https", "X-Proto", "X-Scheme", "X-URL-Scheme",
	},
	prefixes: []string{"Proxy-", "X-Forwarded-", "X-Proxy-"},
	known: []string{
		"Proxy-Client-IP", "X-Forwarded-Access-Token", "X-Forwarded-By", "X-Forwarded-Client-Cert", "X-Forwarded-Email", "X-Forwarded-For", "X-Forwarded-Groups",
		"X-Forwarded-Host", "X-Forwarded-Method", "X-Forwarded-Path", "X-Forwarded-Port", "X-Forwarded-Preferred-Username", "X-Forwarded-Prefix",
		"X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-Tls-Client-Cert",
		"X-Forwarded-Tls-Client-Cert-Info", "X-Forwarded-Uri", "X-Forwarded-User", "X-Proxy-User-Ip",
	},
}, {
	why: "client address and place: limits, bans and audit logs are kept by it",
	names: []string{
		"Client-IP", "ClientIP", "Do-Connecting-IP", "X-Client", "X-Client-IP", "X-ClientIP", "X-Cluster-Client-IP", "X-Country-Code", "X-Custom-IP-Authorization",
		"X-IP", "X-Originating-IP", "X-Peer-IP", "X-Real-IP", "X-Real-Port", "X-Source-IP", "X-True-IP",
	},
	prefixes: []string{"GeoIP-", "Remote-", "True-Client-", "X-Client-Geo-", "X-Geo-", "X-GeoIP-", "X-Remote-", "X-True-Client-"},
	known: []string{
		"GeoIP-Country-Code", "Remote-Addr", "True-Client-IP", "True-Client-Port", "X-Geo-Country", "X-GeoIP-Country", "X-GeoIP-Country-Code", "X-Remote-Addr", "X-Remote-Host",
		"X-Remote-IP", "X-True-Client-IP",
	},
}, {
	why: "identity: an app behind a proxy that logs people in takes it for who they are",
	names: []string{
		"CAS-User", "CT-Remote-User", "Kubeflow-Userid", "SMUser", "Teleport-Jwt-Assertion", "X-Anonymous-Consumer", "X-Apigateway-Api-Userinfo", "X-Auth-Groups",
		"X-Auth-Roles", "X-Auth-Subject", "X-Auth-Userid", "X-Auth-Username", "X-Endpoint-Api-Userinfo", "X-Groups", "X-JWT-Assertion", "X-JWT-Payload",
		"X-MS-Auth-Token", "X-MS-Client-Principal", "X-MS-Proxy", "X-Roles", "X-User", "X-User-Groups", "X-User-Roles", "X-Userid", "X-Userinfo",
	},
	prefixes: []string{
		"IV-", "Mellon-", "OIDC-", "Shib-", "SM-", "Tailscale-", "X-Auth-Request-", "X-Authenticated-", "X-Authentik-", "X-Consumer-", "X-Credential-",
		"X-Goog-Authenticated-", "X-Goog-IAP-", "X-JWT-Claim-", "X-MS-Client-Principal-", "X-MS-Token-", "X-Pomerium-", "X-Replit-", "X-Sandstorm-", "X-Vouch-", "X-WebAuth-",
	},
	known: []string{
		"IV-Creds", "IV-Groups", "IV-Remote-Address", "IV-User", "OIDC-Access-Token", "OIDC-Claim-Email", "OIDC-Claim-Sub", "Remote-Email", "Remote-Groups", "Remote-Name",
		"Remote-User", "Shib-Identity-Provider", "Shib-Session-ID", "SM-User", "Tailscale-User-Login", "Tailscale-User-Name", "Tailscale-User-Profile-Pic",
		"X-Auth-Request-Access-Token", "X-Auth-Request-Email", "X-Auth-Request-Groups", "X-Auth-Request-Preferred-Username", "X-Auth-Request-User",
		"X-Authenticated-Groups", "X-Authenticated-User", "X-Authenticated-Userid", "X-Authentik-Email", "X-Authentik-Groups", "X-Authentik-Jwt", "X-Authentik-Name",
		"X-Authentik-Uid", "X-Authentik-Username", "X-Consumer-Custom-ID", "X-Consumer-Groups", "X-Consumer-ID", "X-Consumer-Username", "X-Credential-Identifier",
		"X-Goog-Authenticated-User-Email", "X-Goog-Authenticated-User-ID", "X-Goog-IAP-JWT-Assertion", "X-MS-Client-Principal-ID", "X-MS-Client-Principal-IDP",
		"X-MS-Client-Principal-Name", "X-MS-Token-AAD-Access-Token", "X-MS-Token-AAD-ID-Token", "X-Pomerium-Claim-Email", "X-Pomerium-Jwt-Assertion", "X-Remote-Group",
		"X-Remote-User", "X-Replit-User-Id", "X-Replit-User-Name", "X-Sandstorm-Permissions", "X-Sandstorm-User-Id", "X-Vouch-User", "X-WebAuth-Email", "X-WebAuth-Groups",
		"X-WebAuth-Name", "X-WebAuth-Role", "X-WebAuth-User",
	},
}, {
	why: "TLS client: a certificate that the proxy has checked, or a fingerprint of the client",
	names: []string{
		"Client-Cert", "JA3", "JA4", "X-Client-Cert", "X-Client-Certificate", "X-Client-DN", "X-Client-Verify", "X-JA3", "X-JA4",
	},
	prefixes: []string{"Client-Cert-", "SSL-", "X-Client-Cert-", "X-JA3-", "X-JA4-", "X-SSL-", "X-TLS-"},
	known: []string{
		"Client-Cert-Chain", "SSL-Client-Cert", "SSL-Client-S-DN", "SSL-Client-Verify", "X-Client-Cert-DN", "X-SSL-Cert", "X-SSL-Client-Cert", "X-SSL-Client-CN",
		"X-SSL-Client-DN", "X-SSL-Client-Fingerprint", "X-SSL-Client-Issuer", "X-SSL-Client-S-DN", "X-SSL-Client-SHA1", "X-SSL-Client-Subject", "X-SSL-Client-Verify",
		"X-SSL-Issuer", "X-SSL-Subject", "X-TLS-Client-Cert",
	},
}, {
	why:   "clouds, CDNs and meshes: address, place, identity and route, each under a name of its own",
	names: []string{"X-Azure-ClientIP", "X-BB-IP", "X-CDN", "X-Varnish"},
	prefixes: []string{
		"Akamai-", "Ali-", "CDN-", "CF-", "CloudFront-", "Fastly-", "Fly-", "Incap-", "L5d-", "Netlify-", "Ngrok-Auth-", "X-Akamai-", "X-Amzn-", "X-AppEngine-",
		"X-AppGW-", "X-Azure-", "X-CDN-", "X-CF-", "X-CloudFront-", "X-Envoy-", "X-Fastly-", "X-FD-", "X-Google-", "X-Istio-", "X-NF-", "X-Sucuri-", "X-Vercel-",
	},
	known: []string{
		"Akamai-Origin-Hop", "Ali-CDN-Real-IP", "CDN-Real-IP", "CDN-Src-IP", "CF-Access-Authenticated-User-Email", "CF-Access-Jwt-Assertion", "CF-Connecting-IP",
		"CF-Connecting-IPv6", "CF-IPCountry", "CF-Pseudo-IPv4", "CF-Visitor", "CF-Worker", "CloudFront-Viewer-Address", "CloudFront-Viewer-Country", "Fastly-Client-IP", "Fastly-FF",
		"Fastly-SSL", "Fly-Client-IP", "Fly-Forwarded-Port", "Fly-Forwarded-Proto", "Fly-Forwarded-Ssl", "Fly-Region", "Incap-Client-IP", "L5d-Client-Id",
		"L5d-Ctx-Trace", "L5d-Dtab", "Ngrok-Auth-User-Email", "Ngrok-Auth-User-Id", "X-Akamai-Edgescape", "X-Amzn-Mtls-Clientcert", "X-Amzn-Mtls-Clientcert-Leaf",
		"X-Amzn-Mtls-Clientcert-Subject", "X-Amzn-Oidc-Accesstoken", "X-Amzn-Oidc-Data", "X-Amzn-Oidc-Identity", "X-AppEngine-City", "X-AppEngine-Country",
		"X-AppEngine-Cron", "X-AppEngine-Inbound-Appid", "X-AppEngine-QueueName", "X-AppEngine-User-Email", "X-AppEngine-User-IP", "X-Azure-FDID",
		"X-Azure-Ref", "X-Azure-SocketIP", "X-CF-App-Instance", "X-Envoy-Decorator-Operation", "X-Envoy-External-Address", "X-Envoy-Internal", "X-Envoy-Original-Path", "X-Envoy-Peer-Metadata",
		"X-FD-HealthProbe", "X-Google-Real-IP", "X-NF-Client-Connection-IP", "X-Sucuri-ClientIP", "X-Sucuri-Country", "X-Vercel-Forwarded-For", "X-Vercel-IP-City",
		"X-Vercel-IP-Country", "X-Vercel-Proxied-For", "X-Vercel-Sc-Headers",
	},
}}

// passing are names that have a prefix of a family, but that browsers and callers
// themselves send.
var passing = names(
	"Palisade-Ticket", "Palisade-Proof", "Palisade-Captcha", clientHeader, // ours, sent by pages and programs
	"X-Middleware-Prefetch", "X-Nextjs-Data", "X-Nextjs-Request-Id", "X-Nextjs-Html-Request-Id", // the script of Next.js
	"CF-Turnstile-Response",                                                // a captcha's token
	"CF-Webhook-Auth", "Tailscale-Webhook-Signature", "X-Vercel-Signature", // webhooks
	"CDN-Loop",        // RFC 8586: without it requests can go in circles
	"X-Amzn-Trace-Id", // reveals no more than traceparent does
)

// needed are headers that a site cannot strip, because the gateway or the library judges
// by them, or because they are needed to read a body.
var needed = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Expect", "Host", "Origin", "Referer",
	"Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Transfer-Encoding", "Upgrade", "User-Agent",
	"Palisade-Ticket", "Palisade-Proof", "Palisade-Captcha", clientHeader,
}

// headerSet is a set of names and of prefixes of names, in canonical form.
type headerSet struct{ names, prefixes map[string]bool }

// outside is the set of all headers in families.
var outside = func() headerSet {
	s := headerSet{names(), names()}
	for _, f := range families {
		s.add(f.names, f.prefixes)
	}
	return s
}()

func names(list ...string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, name := range list {
		set[http.CanonicalHeaderKey(name)] = true
	}
	return set
}

func (s headerSet) add(names, prefixes []string) {
	for _, name := range names {
		s.names[http.CanonicalHeaderKey(name)] = true
	}
	for _, prefix := range prefixes {
		s.prefixes[http.CanonicalHeaderKey(prefix)] = true
	}
}

// has looks a name up. Prefixes end in "-", so that there are few to look for.
func (s headerSet) has(name string) bool {
	if s.names[name] {
		return true
	}
	if len(s.prefixes) == 0 {
		return false
	}
	for i := range len(name) {
		if name[i] == '-' && s.prefixes[name[:i+1]] {
			return true
		}
	}
	return false
}

// passes reports whether the app gets a header. A site may keep a header that its own
// proxy in front sets, but not the same header from a client.
func (s *site) passes(name string, trusted bool) bool {
	switch {
	case !tellable(name):
		return false
	case trusted && s.allow.has(name):
		return true
	case s.strip.has(name):
		return false
	}
	return passing[name] || !outside.has(name)
}

// setHeaders reads the site's lists of headers.
func (s *site) setHeaders() error {
	var errs [3]error
	s.strip, errs[0] = parseHeaders("strip_headers", s.config.StripHeaders, isNeeded)
	s.allow, errs[1] = parseHeaders("allow_headers", s.config.AllowHeaders, isJudged)
	if len(s.config.AllowHeaders) > 0 && !s.gateway.config.ClientIP.Named() {
		errs[2] = errors.New("allow_headers keeps what a proxy in front says, so that proxy must be named in trust")
	}
	return errors.Join(errs[:]...)
}

// parseHeaders reads names, and prefixes of names that end in "-*".
func parseHeaders(key string, patterns []string, refused func(name string, prefix bool) string) (headerSet, error) {
	set := headerSet{names(), names()}
	var errs []error
	for _, pattern := range patterns {
		name, prefix := strings.CutSuffix(pattern, "*")
		if name == "" || !tellable(name) || strings.Trim(name, "-") == "" || prefix && !strings.HasSuffix(name, "-") {
			errs = append(errs, fmt.Errorf("%s: %q is neither the name of a header, such as X-Our-User, nor the beginning of one, such as X-Corp-*", key, pattern))
			continue
		}
		name = http.CanonicalHeaderKey(name)
		if why := refused(name, prefix); why != "" {
			errs = append(errs, fmt.Errorf("%s: %s", key, why))
		} else if prefix {
			set.prefixes[name] = true
		} else {
			set.names[name] = true
		}
	}
	return set, errors.Join(errs...)
}

// isNeeded returns the reason why a header cannot be stripped, or "".
func isNeeded(name string, prefix bool) string {
	for _, n := range needed {
		if n = http.CanonicalHeaderKey(n); n == name || prefix && strings.HasPrefix(n, name) {
			return n + " is needed to read and judge a request"
		}
	}
	return ""
}

// isJudged returns the reason why a header cannot be kept, or "".
func isJudged(name string, prefix bool) string {
	for _, f := range families {
		if !f.judged {
			continue
		}
		own := headerSet{names(), names()}
		own.add(f.names, f.prefixes)
		taken := own.has(name)
		for _, set := range []map[string]bool{own.names, own.prefixes} {
			for n := range set {
				taken = taken || prefix && strings.HasPrefix(n, name)
			}
		}
		if taken {
			return fmt.Sprintf("%s is never kept (%s)", name, f.why)
		}
	}
	return ""
}
