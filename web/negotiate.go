package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Content codings.
const (
	identity = "identity"
	gzip     = "gzip"
	brotli   = "br"
)

// choice is one element of an Accept header of any kind.
type choice struct {
	name    string // in lower case
	quality float64
}

// maxChoices bounds the elements that are read from a header; browsers send fewer than ten.
const maxChoices = 64

// choices parses "de, en;q=0.8". An unreadable quality counts as 0.
func choices(header string) []choice {
	var all []choice
	for element := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(element, ";")
		if name = strings.ToLower(strings.TrimSpace(name)); name == "" {
			continue
		}
		c := choice{name: name, quality: 1}
		if value, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q="); found {
			c.quality = 0
			if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && q >= 0 && q <= 1 {
				c.quality = q
			}
		}
		if all = append(all, c); len(all) == maxChoices {
			break
		}
	}
	return all
}

// negotiate returns the coding that a client prefers, or the smaller one if it has no
// preference. It never returns a coding that the client refuses, except identity.
func negotiate(acceptEncoding string) string {
	accepted := choices(acceptEncoding)
	best := identity
	for _, coding := range []string{gzip, brotli} {
		if q := quality(accepted, coding); q > 0 && q >= quality(accepted, best) {
			best = coding
		}
	}
	return best
}

// AcceptsCoding reports whether an Accept-Encoding header allows a content coding.
func AcceptsCoding(acceptEncoding, coding string) bool {
	return quality(choices(acceptEncoding), coding) > 0
}

// quality returns 0 for a coding that neither its name nor the star covers.
func quality(accepted []choice, coding string) float64 {
	for _, name := range []string{coding, "*"} {
		if i := slices.IndexFunc(accepted, func(c choice) bool { return c.name == name }); i >= 0 {
			return accepted[i].quality
		}
	}
	return 0
}

// Lang returns the language of the pages that an Accept-Language header prefers, such as
// "de". Default "en". The folder texts has a file for each language.
func Lang(acceptLanguage string) string {
	wanted := choices(acceptLanguage)
	slices.SortStableFunc(wanted, func(a, b choice) int { return cmp.Compare(b.quality, a.quality) })
	for _, c := range wanted {
		primary, _, _ := strings.Cut(c.name, "-")
		if _, spoken := languages()[primary]; spoken && c.quality > 0 {
			return primary
		}
	}
	return defaultLang
}
