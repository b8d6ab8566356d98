package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ConsentPath is the path of the file in which a host agrees to an audit.
const ConsentPath = "/.well-known/palisade-audit"

// ErrConsent is the error that [Consent] wraps when it refuses a host.
var ErrConsent = errors.New("this host may not be audited yet")

// Consent makes sure that a target belongs to the user of the audit. It returns the
// addresses at which it found the target. Callers must connect to one of these, since the
// name may resolve to another address a moment later.
//
// Loopback and private addresses may always be audited. Any other host must publish the
// proof, a text of 16 characters or more that its owner chose. The proof is in a file at
// [ConsentPath] or in a TXT record of _palisade-audit under the host's name. A private
// address of a name does not open the name's other addresses. A nil resolver means the
// system's.
func Consent(ctx context.Context, resolver *net.Resolver, target *url.URL, proof string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	host := target.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761: localhost is never looked up in the DNS
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	addresses, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("%w: %s has no address: %w", ErrConsent, host, err)
	}
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	if !slices.ContainsFunc(addresses, outer) {
		return addresses, nil
	}
	if len(proof) < 16 {
		return nil, fmt.Errorf("%w: %s is a public address. Show that it is yours: put a text of at least 16 characters at %s://%s%s, or into a TXT record of _palisade-audit.%s, and give it with -proof",
			ErrConsent, host, target.Scheme, target.Host, ConsentPath, host)
	}
	if records, err := resolver.LookupTXT(ctx, "_palisade-audit."+host); err == nil && slices.Contains(records, proof) {
		return addresses, nil
	}
	return addresses, published(ctx, target, addresses, proof)
}

// outer reports whether an address is neither loopback, private nor link-local.
func outer(ip netip.Addr) bool {
	return !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast()
}

// published looks for the proof in the file. It follows no redirect, which could lead to any
// server.
func published(ctx context.Context, target *url.URL, addresses []netip.Addr, proof string) error {
	u := *target
	u.Path, u.RawPath, u.RawQuery = ConsentPath, "", ""
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialOne(ctx, &net.Dialer{}, addresses, PortOf(target))
		}},
	}
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConsent, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1024)) // a longer file is not the proof
	if err != nil || resp.StatusCode != http.StatusOK || strings.TrimSpace(string(body)) != proof {
		return fmt.Errorf("%w: %s answered %d and not the text that -proof gives", ErrConsent, u.String(), resp.StatusCode)
	}
	return nil
}

// reachable returns the first address that answers, so that all requests use the same one.
// If none answers, it returns all addresses, for an error that names the last.
func reachable(ctx context.Context, addresses []netip.Addr, port string) []netip.Addr {
	for i := range addresses {
		if conn, err := dialOne(ctx, &net.Dialer{Timeout: 3 * time.Second}, addresses[i:i+1], port); err == nil {
			conn.Close()
			return addresses[i : i+1]
		}
	}
	return addresses
}

// dialOne connects to the first address that answers.
func dialOne(ctx context.Context, dialer *net.Dialer, addresses []netip.Addr, port string) (conn net.Conn, err error) {
	err = errors.New("it has no address")
	for _, ip := range addresses {
		if conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort(ip.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
