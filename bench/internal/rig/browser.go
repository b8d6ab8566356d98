package rig

import (
	"context"
	"errors"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"

	"github.com/palisade-dev/palisade/pow"
)

// Browse adds the headers by which the guard knows a browser.
func Browse(r *http.Request, addr string) {
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0")
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Accept-Language", "en-US,en;q=0.5")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("X-Forwarded-For", addr)
	if r.Method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://"+r.URL.Host)
	}
}

// Addr is an address that hardly any earlier visitor had. Otherwise the benchmark would
// measure the limits of one network.
func Addr() string {
	n := rand.Uint32()
	return fmt.Sprintf("%d.%d.%d.%d", 11+n>>24%89, n>>16&255, n>>8&255, n&255)
}

var (
	inputs     = regexp.MustCompile(`<input[^>]* name="(palisade-[^"]*|[a-z]+_[^"]*)"[^>]* value="([^"]*)"`)
	challenges = regexp.MustCompile(` data-palisade-challenge="([^"]*)"`)
)

// Fields are the fields that the guard added to the form of a page: ticket and decoys.
func Fields(page []byte) url.Values {
	v := url.Values{}
	for _, m := range inputs.FindAllSubmatch(page, -1) {
		v.Set(html.UnescapeString(string(m[1])), html.UnescapeString(string(m[2])))
	}
	return v
}

// Fill fills in the form of a page as a person does, and makes its proof, which takes some
// hundredths of a second.
func Fill(ctx context.Context, page []byte) (string, error) {
	v := Fields(page)
	v.Set("user", "ada")
	v.Set("email", "ada@example.org")
	m := challenges.FindSubmatch(page)
	if m == nil || v.Get("palisade-ticket") == "" {
		return "", errors.New("no ticket and challenge in the page")
	}
	proof, err := pow.Solve(ctx, []byte(html.UnescapeString(string(m[1]))))
	if err != nil {
		return "", err
	}
	v.Set("palisade-proof", proof)
	return v.Encode(), nil
}
