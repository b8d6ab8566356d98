package audit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ConsentPath is where a host says that it may be audited.
const ConsentPath = "/.well-known/palisade-audit"

// ErrConsent is wrapped by what [Consent] refuses.
var ErrConsent = errors.New("this host may not be audited yet")

// Consent makes sure that a target belongs to who audits it. Loopback and private
// addresses may always be audited; any other host must publish the proof, a text of
// 16 characters or more that its owner chose, in a file at [ConsentPath] or in a TXT
// record of _palisade-audit under its name. Each address of the name is looked at, so
// that one private address does not open the others.
func Consent(ctx context.Context, target *url.URL, proof string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	host := target.Hostname()
	if loopback(host) {
		return nil
	}
	ips, err := (&net.Resolver{}).LookupIP(ctx, "ip", host)
	if err != nil {
		return fmt.Errorf("%w: %s has no address: %w", ErrConsent, host, err)
	}
	outer := false
	for _, ip := range ips {
		outer = outer || !inner(ip)
	}
	if !outer {
		return nil
	}
	if len(proof) < 16 {
		return fmt.Errorf("%w: %s is a public address. Show that it is yours: put a text of at least 16 characters at %s://%s%s, or into a TXT record of _palisade-audit.%s, and give it with -proof",
			ErrConsent, host, target.Scheme, target.Host, ConsentPath, host)
	}
	if records, err := (&net.Resolver{}).LookupTXT(ctx, "_palisade-audit."+host); err == nil {
		for _, r := range records {
			if r == proof {
				return nil
			}
		}
	}
	return published(ctx, target, proof)
}

// published looks for the proof in the file. A redirect proves nothing: it could lead
// anywhere.
func published(ctx context.Context, target *url.URL, proof string) error {
	u := *target
	u.Path, u.RawPath, u.RawQuery = ConsentPath, "", ""
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConsent, err)
	}
	defer resp.Body.Close()
	body := make([]byte, 1024)
	n, _ := resp.Body.Read(body) // too little is not the proof
	if resp.StatusCode != http.StatusOK || strings.TrimSpace(string(body[:n])) != proof {
		return fmt.Errorf("%w: %s answered %d and not the text that -proof gives", ErrConsent, u.String(), resp.StatusCode)
	}
	return nil
}
