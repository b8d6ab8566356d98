package audit

import (
	"bufio"
	"context"
	"net"
)

var i07 = &Rule{
	ID: "I07", Title: "The second request of a connection is not checked", Severity: High, Fix: onRoute, Needs: Baseline, Shots: 3,
	Why:  "The check is done once for a connection, and what follows on it passes.",
	Refs: Refs{CWE: 444, ASVS: "4.2.1"},
	check: func(ctx context.Context, p *Probe) Result {
		old := p.mustRefuse(ctx, Attempt{What: "a submission as HTTP/1.0", Change: func(s *Shot) { s.Proto = "HTTP/1.0" }})
		if old.Status != Pass {
			return old
		}
		pg, err := p.visit(ctx, true)
		if err != nil {
			return unclear("%v", err)
		}
		first, second := p.shot(pg), p.shot(pg)
		token, err := p.source.mint(ctx, pg)
		if err != nil {
			return unclear("%v", err)
		}
		first.Fields = append(first.Fields, token...)
		first.Set("Connection", "keep-alive")
		before, err := p.mark(ctx)
		if err != nil {
			return unclear("%v", err)
		}
		for range 2 {
			if err := p.wire.turn(ctx); err != nil {
				return unclear("%v", err)
			}
		}
		var last *Answer
		err = p.wire.connect(ctx, pg.from, func(conn net.Conn, r *bufio.Reader) error {
			if _, err := conn.Write(append(first.bytes(), second.bytes()...)); err != nil {
				return err
			}
			for range 2 {
				a, err := readAnswer(r, "POST")
				if err != nil {
					return nil // a server may close after the first
				}
				last = a
			}
			return nil
		})
		if err != nil {
			return unclear("%v", err)
		}
		n, err := p.since(ctx, before, []string{second.Canary}, 0)
		if p.readsBack() {
			n++ // only the second was counted
		}
		o := &Outcome{Attempt: Attempt{What: "a submission without a token behind a valid one, on one connection"}, Shot: second, Answer: last, Effects: n}
		switch {
		case err != nil:
			return unclear("%v", err)
		case n == 0:
			return unclear("the valid one before it had no effect")
		case n > 1:
			return fail(o, "Of a valid submission and one without a token on the same connection the app did both.")
		}
		return pass("HTTP/1.0 and a second request on the connection were refused.")
	},
}
