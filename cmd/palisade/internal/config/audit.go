package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Audit is one form to audit, as the file of palisade audit describes it. A zero field was
// not given.
type Audit struct {
	Target, Connect, Form, Action, Effect                     string
	Captcha, Token, TokenField, Hostname, CaptchaFor, Sitekey string
	Verifier, Upstream, Proof, Encoding, Stack                string

	Fields, Cookies, Headers                                     [][2]string
	LeaveEmpty, Siblings, Later, Instances, Settings, Only, Skip []string
	MinFill, MaxTime, Patience                                   time.Duration
	Facts                                                        [][2]string // known settings, name and value
	Rate                                                         int
}

// LoadAudit reads the file of palisade audit: the keys of one form, or keys for all and a
// list of forms. The error is [Mistakes].
func LoadAudit(file string) ([]Audit, error) {
	r := &reader{file: file}
	var list []Audit
	r.open(func(n node) {
		var all Audit
		var forms []node
		n.object(r.auditKeys(&all, &forms))
		for _, f := range forms {
			one := all
			for _, pairs := range []*[][2]string{&one.Fields, &one.Cookies, &one.Headers} {
				*pairs = slices.Clone(*pairs) // a copy for each form
			}
			f.object(r.auditKeys(&one, nil))
			list = append(list, one)
		}
		if forms == nil {
			list = []Audit{all}
		}
		for _, a := range list {
			if a.Target == "" {
				n.mistake("target is missing: say on which page the form is, e.g. target: http://127.0.0.1:8000/signup")
			}
		}
	})
	if len(r.mistakes) > 0 {
		r.mistakes.sort()
		return nil, r.mistakes
	}
	return list, nil
}

func (r *reader) auditKeys(a *Audit, forms *[]node) map[string]func(node) {
	known := map[string]func(node){
		"min_fill": func(n node) { n.duration(&a.MinFill) },
		"max_time": func(n node) { n.duration(&a.MaxTime) },
		"patience": func(n node) { n.duration(&a.Patience) },
		"rate":     func(n node) { n.int(&a.Rate, 1) },
	}
	for name, to := range map[string]*string{
		"target": &a.Target, "connect": &a.Connect, "form": &a.Form, "action": &a.Action, "effect": &a.Effect, "captcha": &a.Captcha, "token": &a.Token,
		"token_field": &a.TokenField, "hostname": &a.Hostname, "captcha_action": &a.CaptchaFor, "sitekey": &a.Sitekey,
		"encoding": &a.Encoding, "stack": &a.Stack, "verifier": &a.Verifier, "upstream": &a.Upstream, "proof": &a.Proof,
	} {
		known[name] = func(n node) { n.string(to) }
	}
	for name, to := range map[string]*[][2]string{"fields": &a.Fields, "cookies": &a.Cookies, "headers": &a.Headers} {
		known[name] = func(n node) {
			n.members(func(name string, n node) {
				if value, ok := n.text(); ok {
					*to = append(*to, [2]string{name, value})
				}
			})
		}
	}
	for name, to := range map[string]*[]string{
		"leave_empty": &a.LeaveEmpty, "siblings": &a.Siblings, "later": &a.Later, "instances": &a.Instances, "settings": &a.Settings, "only": &a.Only, "skip": &a.Skip,
	} {
		known[name] = func(n node) { n.strings(to) }
	}
	if forms != nil {
		known["forms"] = func(n node) { n.list(func(n node) { *forms = append(*forms, n) }) }
	}
	return known
}

// AuditPair reads a name and a value from a flag, NAME=VALUE.
func AuditPair(flag, text, between string) (pair [2]string, err error) {
	name, value, ok := strings.Cut(text, between)
	if name = strings.TrimSpace(name); !ok || name == "" {
		return pair, fmt.Errorf("-%s %q is not NAME%sVALUE", flag, text, between)
	}
	return [2]string{name, strings.TrimSpace(value)}, nil
}
