package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/scraper"
)

// notes is the form of the demo that takes sessions.
const notes = "autosave"

// fewWrites is the number of writes from each of many networks. Its limit would let three
// times as many through; that would only make the attack longer.
const fewWrites = 10

// write sends one note, with the session that the visitor has.
func (v *visitor) write(ctx context.Context, n int) error {
	_, err := v.postJSON(ctx, notes, map[string]string{"note": fmt.Sprintf("Cheap watches, offer %d", n)})
	return err
}

// open opens a session as the script of a page does. From then on the visitor sends it. A
// site without the guard has none.
func (v *visitor) open(ctx context.Context) error {
	p, err := v.ticket(ctx, notes)
	if p == nil {
		return err
	}
	if err := v.scene.solve(ctx, p); err != nil {
		return err
	}
	opens := *v
	opens.header = v.header.Clone()
	for name, value := range p.Headers() {
		opens.header.Set(name, value)
	}
	a, err := opens.do(ctx, http.MethodPost, "/.palisade/session?form="+notes, "", "")
	if err != nil {
		return err
	}
	if len(a.cookies) != 1 {
		return fmt.Errorf("no session: status %d", a.status)
	}
	v.header.Set("Cookie", a.cookies[0].Name+"="+a.cookies[0].Value)
	return nil
}

// ticket fetches a script's ticket for a form; nil on a site without the guard.
func (v *visitor) ticket(ctx context.Context, form string) (*paper, error) {
	a, err := v.do(ctx, http.MethodGet, "/.palisade/ticket?script&form="+form, "", "")
	if err != nil || a.status == http.StatusNotFound {
		return nil, err
	}
	var offer palisade.Offer
	if err := json.Unmarshal(a.body, &offer); err != nil {
		return nil, fmt.Errorf("ticket: status %d: %w", a.status, err)
	}
	return &paper{Form: scraper.Offered(&offer), asked: a.asked, got: time.Now()}, nil
}

// Opens one session after another and uses each one up.
func spends(sessions int) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		v := s.visitor().asProgram()
		return repeat(sessions, func(n int) error {
			if err := v.open(ctx); err != nil {
				return err
			}
			return together(palisade.SessionWrites, func(i int) error { return v.write(ctx, n*palisade.SessionWrites+i) })
		})
	}
}

// Each network opens a session of its own, which costs it one proof.
func spreads(ctx context.Context, s *scene) error {
	return together(networks, func(n int) error {
		v := s.visitorIn(byte(n)).asProgram()
		if err := v.open(ctx); err != nil {
			return err
		}
		return repeat(fewWrites, func(i int) error { return v.write(ctx, n*fewWrites+i) })
	})
}

func atOnce(times int) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		v := s.visitor().asProgram()
		if err := v.open(ctx); err != nil {
			return err
		}
		return together(times, func(n int) error { return v.write(ctx, n) })
	}
}

// The thieves send the very cookie of a visitor, one from another network and one with
// another browser. Then its owner writes, which shows that the session is good.
func steals(ctx context.Context, s *scene) error {
	owner := s.visitorIn(0).asProgram()
	if err := owner.open(ctx); err != nil {
		return err
	}
	elsewhere, neighbour := s.visitorIn(1).asProgram(), s.visitorIn(0).asProgram()
	neighbour.header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
	for _, thief := range []*visitor{elsewhere, neighbour} {
		if cookie := owner.header.Get("Cookie"); cookie != "" {
			thief.header.Set("Cookie", cookie)
		}
		if err := repeat(5, func(n int) error { return thief.write(ctx, n) }); err != nil {
			return err
		}
	}
	return owner.write(ctx, 10)
}
