package audit

import (
	"context"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"time"
)

var f04 = &Rule{
	ID: "F04", Title: "The form's load time can be edited", Severity: Medium, Fix: signedTime, Needs: Baseline, After: append([]string{"F03"}, afterVerify...), Shots: 3,
	Why:  "It is not signed: a bot writes a time some minutes ago and has waited.",
	Refs: Refs{CWE: 345, ASVS: "9.1.1, 11.3.3", WSTG: "BUSL-03"},
	check: func(ctx context.Context, p *Probe) Result {
		name, _ := p.loadTime(p.first)
		switch {
		case name == "":
			return leftOut("the page has no load time that shows")
		case p.wait == 0:
			return leftOut("the form is accepted at once in any case")
		}
		young := func(what string, change func(*Shot, string)) Attempt {
			return Attempt{What: what, Valid: true, AtOnce: true, fresh: func(s *Shot, pg *page) {
				_, value := p.loadTime(pg)
				change(s, value)
			}}
		}
		return p.mustRefuse(ctx,
			young("a valid token, at once, with a load time of five minutes ago", func(s *Shot, value string) { s.Put(name, earlier(value, 5*time.Minute)) }),
			young("a valid token, at once, without the load time", func(s *Shot, _ string) { s.Drop(name) }),
			young("a valid token, at once, with the load time 0", func(s *Shot, _ string) { s.Put(name, "0") }),
		)
	},
}

// loadTime finds a hidden field with the time in it, as a number or a number in base64.
func (p *Probe) loadTime(pg *page) (name, value string) {
	for _, i := range pg.form.inputs {
		if i.kind == "hidden" && !slices.Contains(p.tokenFields, i.name) && earlier(i.value, 0) != "" {
			return i.name, i.value
		}
	}
	return "", ""
}

var decimal = regexp.MustCompile(`^\d{10,16}(\.\d+)?$`)

// earlier moves a time back as it is written: seconds, milli- or microseconds since
// 1970, RFC 3339, or one of these in base64. It returns "" for what is no time of today.
func earlier(value string, by time.Duration) string {
	if t, err := time.Parse(time.RFC3339, value); err == nil && time.Since(t).Abs() < 24*time.Hour {
		return t.Add(-by).Format(time.RFC3339)
	}
	if decimal.MatchString(value) {
		n, err := strconv.ParseFloat(value, 64)
		for unit, scale := range map[time.Duration]float64{time.Second: 1, time.Millisecond: 1e3, time.Microsecond: 1e6} {
			at := time.Unix(0, int64(n*float64(unit)))
			if err == nil && time.Since(at).Abs() < 24*time.Hour {
				return strconv.FormatFloat(n-by.Seconds()*scale, 'f', -1, 64)
			}
		}
		return ""
	}
	if raw, err := base64.StdEncoding.DecodeString(value); err == nil && decimal.Match(raw) {
		if moved := earlier(string(raw), by); moved != "" {
			return base64.StdEncoding.EncodeToString([]byte(moved))
		}
	}
	return ""
}
