package web

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
	"golang.org/x/net/html"
)

var g01 = &engine.Rule{
	ID: "G01", Title: "The refusal tells whether an account exists", Severity: engine.Medium, Fix: fix.SameAnswer, Needs: engine.Baseline, Shots: 3,
	Why:  "Before the captcha is checked, the app has looked the account up, and answers otherwise: a list of addresses is sorted for free.",
	Refs: engine.Refs{CWE: 204, ASVS: "6.3.8", OAT: "OAT-007, OAT-018", WSTG: "IDNT-04"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		known := map[string]string{}
		for _, f := range p.Accepted.Shot.Fields {
			if strings.Contains(f.Value, p.Accepted.Shot.Canary) && !slices.Contains(p.Filler.TokenFields, f.Name) {
				known[f.Name] = f.Value
			}
		}
		if len(known) == 0 {
			return engine.Omitted("the form names no account")
		}
		old := p.Try(ctx, engine.Attempt{What: "a submission without a token for what exists already", Change: func(s *engine.Shot) {
			for name, value := range known {
				s.Put(name, value)
			}
		}})
		fresh := p.Try(ctx, engine.Attempt{What: "a submission without a token for somebody new"})
		other := p.Try(ctx, engine.Attempt{What: "a submission without a token for somebody else who is new"})
		for _, o := range []*engine.Outcome{old, fresh, other} {
			if o.Err != nil {
				return engine.Undecided("%v", o.Err)
			}
			if o.Answer.Status == 429 {
				return engine.Undecided("the app answered 429, too many requests")
			}
		}
		switch {
		case fresh.Answer.Status != other.Answer.Status:
			return engine.Undecided("the answers for new accounts differ among themselves: %d and %d", fresh.Answer.Status, other.Answer.Status)
		case old.Answer.Status != fresh.Answer.Status:
			return engine.Failed(old, "Without a token the app answered %d for an account that exists and %d for a new one.", old.Answer.Status, fresh.Answer.Status)
		case unlike(worded(p, old), worded(p, fresh), worded(p, other)):
			return engine.Failed(old, "Without a token the app says something else for an account that exists than for a new one.")
		}
		return engine.Passed("The refusals for an account that exists and for a new one are the same.")
	},
}

// unlike reports whether a text differs from two other texts. Those two are equal but for
// some words, such as the number of the refusal.
func unlike(text, one, two []string) bool {
	if len(one) != len(two) {
		return false // the app answers differently each time
	}
	if len(text) != len(one) {
		return true
	}
	for i := range text {
		if one[i] == two[i] && text[i] != one[i] {
			return true
		}
	}
	return false
}

var varying = regexp.MustCompile(`[A-Za-z0-9+/_=-]{16,}|\d+`)

// worded is the text of an answer that people read, without the parts that change every
// time.
func worded(p *engine.Probe, o *engine.Outcome) []string {
	var words []string
	tokens := html.NewTokenizer(bytes.NewReader(o.Answer.Body))
	inside := ""
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		switch t := tokens.Token(); {
		case kind == html.StartTagToken && (t.Data == "script" || t.Data == "style"):
			inside = t.Data
		case kind == html.EndTagToken && t.Data == inside:
			inside = ""
		case kind == html.TextToken && inside == "":
			words = append(words, strings.Fields(t.Data)...)
		}
	}
	text := strings.Join(words, " ")
	for _, f := range o.Shot.Fields {
		if strings.Contains(f.Value, o.Shot.Canary) || strings.Contains(f.Value, p.Accepted.Shot.Canary) {
			text = strings.ReplaceAll(text, f.Value, "…")
		}
	}
	return strings.Fields(varying.ReplaceAllString(text, "…"))
}
