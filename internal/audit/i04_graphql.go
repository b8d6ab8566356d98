package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

var i04 = &Rule{
	ID: "I04", Title: "GraphQL does the same without the captcha", Severity: High, Fix: everyWay, Needs: Baseline, Shots: 4,
	Why:  "A mutation, several in one request, or a list of requests: the form's check is not on that way.",
	Refs: Refs{CWE: 288, ASVS: "4.3.1, 2.4.1", OAT: "OAT-019", WSTG: "APIT-99"},
	check: func(ctx context.Context, p *Probe) Result {
		const query = `{"query":"{__typename}"}`
		s := &Shot{Method: "POST", Target: "/graphql", Host: p.target.Host, From: p.address(), Body: []byte(query)}
		s.Set("Content-Type", "application/json")
		a, err := p.fire(ctx, s)
		switch {
		case err != nil:
			return unclear("%v", err)
		case a.Status != 200 || !bytes.Contains(a.Body, []byte("__typename")):
			return leftOut("there is no GraphQL at /graphql")
		}
		name := path.Base(p.home.Path)
		if name == "/" {
			return leftOut("the form posts to the home page, which names no mutation")
		}
		var attempts []Attempt
		for _, times := range []int{1, 2} {
			attempts = append(attempts, Attempt{What: fmt.Sprintf("a GraphQL request with %d mutations %s", times, name), Change: func(s *Shot) {
				var calls []string
				for i := range times {
					var args []string
					for _, f := range s.Fields {
						args = append(args, f.Name+":"+string(jsonText(f.Value)))
					}
					calls = append(calls, fmt.Sprintf("m%d:%s(%s){__typename}", i, name, strings.Join(args, ",")))
				}
				body, _ := json.Marshal(map[string]string{"query": "mutation{" + strings.Join(calls, " ") + "}"})
				s.Target, s.Encode, s.Body = "/graphql", nil, body
				s.Set("Content-Type", "application/json")
			}})
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
