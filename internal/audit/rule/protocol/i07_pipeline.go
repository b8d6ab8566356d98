package protocol

import (
	"bufio"
	"context"
	"net"
	"net/http"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var i07 = &engine.Rule{
	ID: "I07", Title: "The second request of a connection is not checked", Severity: engine.High, Fix: fix.OnRoute, Needs: engine.Baseline, Shots: 3,
	Why:   "The check is done once for a connection, and what follows on it passes.",
	Refs:  engine.Refs{CWE: 444, ASVS: "4.2.1"},
	Takes: func(r *http.Request) bool { return r.ProtoMinor == 0 },
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		old := p.MustRefuse(ctx, engine.Attempt{What: "a submission as HTTP/1.0", Change: func(s *engine.Shot) { s.Proto = "HTTP/1.0" }})
		if old.Status != engine.Pass {
			return old
		}
		pg, err := p.Visitors.Visit(ctx, true)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		first, second := p.Filler.Shot(pg), p.Filler.Shot(pg)
		token, err := p.Source.Mint(ctx, pg)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		first.Fields = append(first.Fields, token...)
		first.Set("Connection", "keep-alive")
		before, err := p.Effects.Mark(ctx)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		for range 2 {
			if err := p.Visitors.Wire.Turn(ctx); err != nil {
				return engine.Undecided("%v", err)
			}
		}
		var last *engine.Answer
		err = p.Visitors.Wire.Connect(ctx, pg.From, func(conn net.Conn, r *bufio.Reader) error {
			if _, err := conn.Write(append(first.Bytes(), second.Bytes()...)); err != nil {
				return err
			}
			for range 2 {
				a, err := engine.ReadAnswer(r, "POST")
				if err != nil {
					return nil // a server may close the connection after the first
				}
				last = a
			}
			return nil
		})
		if err != nil {
			return engine.Undecided("%v", err)
		}
		n, err := p.Effects.Since(ctx, before, []string{second.Canary}, 0)
		if p.Effects.ReadsBack() {
			n++ // the app counted only the second
		}
		o := &engine.Outcome{Attempt: engine.Attempt{What: "a submission without a token behind a valid one, on one connection"}, Shot: second, Answer: last, Effects: n}
		switch {
		case err != nil:
			return engine.Undecided("%v", err)
		case n == 0:
			return engine.Undecided("the valid one before it had no effect")
		case n > 1:
			return engine.Failed(o, "Of a valid submission and one without a token on the same connection the app did both.")
		}
		return engine.Passed("HTTP/1.0 and a second request on the connection were refused.")
	},
}
