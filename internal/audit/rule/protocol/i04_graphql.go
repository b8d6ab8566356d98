package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var i04 = &engine.Rule{
	ID: "I04", Title: "GraphQL does the same without the captcha", Severity: engine.High, Fix: fix.EveryWay, Needs: engine.Baseline, Shots: 4,
	Why:  "A mutation, several in one request, or a list of requests: the form's check is not on that way.",
	Refs: engine.Refs{CWE: 288, ASVS: "4.3.1, 2.4.1", OAT: "OAT-019", WSTG: "APIT-99"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		const query = `{"query":"{__typename}"}`
		s := &engine.Shot{Method: "POST", Target: "/graphql", Host: p.Target.Host, From: p.Visitors.Address(), Body: []byte(query)}
		s.Set("Content-Type", "application/json")
		a, err := p.Visitors.Fire(ctx, s)
		switch {
		case err != nil:
			return engine.Undecided("%v", err)
		case a.Status != 200 || !bytes.Contains(a.Body, []byte("__typename")):
			return engine.Omitted("there is no GraphQL at /graphql")
		}
		name := path.Base(p.Home.Path)
		if name == "/" {
			return engine.Omitted("the form posts to the home page, which names no mutation")
		}
		var attempts []engine.Attempt
		for _, times := range []int{1, 2} {
			attempts = append(attempts, engine.Attempt{What: fmt.Sprintf("a GraphQL request with %d mutations %s", times, name), Change: func(s *engine.Shot) {
				var calls []string
				for i := range times {
					var args []string
					for _, f := range s.Fields {
						args = append(args, f.Name+":"+string(engine.JSONText(f.Value)))
					}
					calls = append(calls, fmt.Sprintf("m%d:%s(%s){__typename}", i, name, strings.Join(args, ",")))
				}
				body, _ := json.Marshal(map[string]string{"query": "mutation{" + strings.Join(calls, " ") + "}"})
				s.Target, s.Encode, s.Body = "/graphql", nil, body
				s.Set("Content-Type", "application/json")
			}})
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
