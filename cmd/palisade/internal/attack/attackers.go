package attack

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/demo"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/scraper"
)

// attacker is one row of the table.
type attacker struct {
	name        string
	least, most int           // documented range of effects
	verdict     string        // in words, if the effects are in the range
	waits       bool          // as long as people type
	service     bool          // the form asks for hCaptcha too
	networks    bool          // comes from many networks
	proxied     bool          // uses addresses that this machine does not have, which a proxy reports
	every       time.Duration // time until the limit that stops it lets one more through; 0: no limit stops it
	run         func(context.Context, *scene) error
}

// signupLimit is the number of sign-ups that the demo accepts from one address at once.
// signupEvery is the time until it accepts one more. An attack takes much less, except on a
// machine that is slow at proofs of work.
const (
	signupLimit = 5
	signupEvery = 2 * time.Minute

	// signupCeiling is the number of sign-ups from one address, with the hardest step too.
	signupCeiling = 10
	ceilingEvery  = 5 * time.Minute

	// networkLimit is the number of sign-ups from one network. The demo asks for the hardest
	// step at the next one.
	networkLimit = 20
	networkEvery = 30 * time.Second

	// writeLimit is the number of writes from one address, whatever sessions it has.
	writeLimit = 30
	writeEvery = 20 * time.Second
)

const (
	stopped = "stopped"
	limited = "held to 5, the limit"
	capped  = "held to 10, the ceiling"
)

// attackers are those of the guide, and some that know Palisade.
func attackers() []attacker {
	return []attacker{
		{name: "posts without a token", verdict: stopped, run: withoutToken},
		{name: "a made-up token", verdict: stopped, run: madeUpToken},
		{name: "the same token twice", least: 1, most: 1, verdict: "accepted once", waits: true, run: sameToken(2)},
		{name: "the same token 50 times at once", least: 1, most: 1, verdict: "accepted once", waits: true, run: sameToken(50)},
		{name: "POST without ever loading the page", verdict: stopped, run: withoutPage},
		{name: "the JSON twin, called directly", verdict: stopped, run: jsonTwin},
		{name: "a forged load time", verdict: stopped, run: forgedTime},
		{name: "a filled decoy", verdict: stopped, waits: true, run: filledDecoy},
		{name: "a burst over the limit", least: signupLimit, most: signupLimit, verdict: limited, waits: true, every: signupEvery, run: burst(12, false)},
		{name: "a spoofed X-Forwarded-For", least: signupLimit, most: signupLimit, verdict: limited, waits: true, every: signupEvery, run: burst(12, true)},
		{name: "a submit faster than a person types", verdict: stopped, run: fasterThanPeople},
		{name: "solves natively, submits at once", verdict: stopped, run: nativeAtOnce},
		{name: "mints 60 tickets, waits, sends all", least: signupLimit, most: signupLimit, verdict: limited, waits: true, every: signupEvery, run: burst(60, false)},
		{name: "obeys the challenge: solves, waits", least: signupCeiling, most: signupCeiling, verdict: capped, waits: true, every: ceilingEvery, run: obeys(12)},
		{name: "bought tokens, 60 from one address", least: signupCeiling, most: signupCeiling, verdict: capped, waits: true, every: ceilingEvery, service: true, run: bought(1)},
		{name: "bought tokens, 60 from 60 networks", least: networks, most: networks, waits: true, service: true, networks: true, run: bought(networks), verdict: "KNOWN LIMIT"},
		{name: "tickets of one place, 100 networks", least: networkLimit, most: networkLimit, verdict: "held to 20, the place's limit", waits: true, networks: true, every: networkEvery, run: travels},
		{name: "60 /64s of one IPv6 /48", least: networkLimit, most: networkLimit, verdict: "held to 20, the network's limit", waits: true, proxied: true, every: networkEvery, run: roams},
		{name: "4 sessions, 120 writes, one address", least: writeLimit, most: writeLimit, verdict: "held to 30, the limit", every: writeEvery, run: spends(4)},
		{name: "60 sessions, 600 writes, 60 networks", least: networks * fewWrites, most: networks * fewWrites, verdict: "KNOWN LIMIT", networks: true, run: spreads},
		{name: "one session, 64 writes at once", least: palisade.SessionWrites, most: palisade.SessionWrites, verdict: "held to 30, the session", run: atOnce(64)},
		{name: "a stolen session cookie", least: 1, most: 1, verdict: "only its owner wrote", networks: true, run: steals},
		{name: "300 made-up proofs, then a neighbour", least: 1, most: 1, verdict: "the person got through", waits: true, run: floods},
		{name: "a person", least: 1, most: 1, verdict: "let through", waits: true, run: person},
	}
}

// networks is the number of networks of the largest attacker.
const networks = 60

// aged is the age from which a ticket is not suspicious; agedMore is the age that the
// hardest level requires.
const (
	aged     = demo.MinFill + 200*time.Millisecond
	agedMore = 8*time.Second + 200*time.Millisecond
)

// typed are the values that an attacker types into a form; n tells submissions apart.
func typed(form string, n int) url.Values {
	id := strconv.Itoa(n)
	switch form {
	case "signup":
		return url.Values{"username": {"bot" + id}, "email": {"bot" + id + "@example.org"}}
	case "contact":
		return url.Values{"email": {"bot" + id + "@example.org"}, "message": {"Cheap watches, offer " + id}}
	case "comments":
		return url.Values{"name": {"bot" + id}, "comment": {"Great post! See my page, visitor " + id}}
	case "vote":
		return url.Values{"option": {"Oak"}, "n": {id}}
	}
	return url.Values{"message": {"Cheap watches, offer " + id}}
}

// Mistake 1 of the guide: the app checks a token only if one is sent.
func withoutToken(ctx context.Context, s *scene) error {
	return repeat(10, func(n int) error {
		v := s.visitor()
		if _, err := v.load(ctx, "comments"); err != nil {
			return err
		}
		_, err := v.post(ctx, "comments", typed("comments", n))
		return err
	})
}

// Mistake 2: the app accepts any token.
func madeUpToken(ctx context.Context, s *scene) error {
	v := s.visitor()
	return repeat(10, func(n int) error {
		fields := typed("contact", n)
		for name, value := range madeUp() {
			fields[name] = value
		}
		_, err := v.post(ctx, "contact", fields)
		return err
	})
}

// Mistake 3: one solve, many votes. The votes differ, so that they do not look like a double
// click.
func sameToken(times int) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		v := s.visitor()
		p, err := v.load(ctx, "vote")
		if err != nil {
			return err
		}
		if err := s.solve(ctx, p); err != nil {
			return err
		}
		if err := sleepUntilAged(ctx, aged, p); err != nil {
			return err
		}
		send := func(n int) error {
			_, err := v.post(ctx, "vote", p.Filled(typed("vote", n)))
			return err
		}
		if times == 2 {
			return repeat(times, send)
		}
		return together(times, send)
	}
}

// The first half posts without a page. The second half solves the challenge in the refusal
// at once.
func withoutPage(ctx context.Context, s *scene) error {
	v := s.visitor().asProgram()
	return repeat(5, func(n int) error {
		a, err := v.post(ctx, "signup", typed("signup", n))
		if err != nil {
			return err
		}
		p := a.offered()
		if p == nil { // without the guard there is nothing to solve
			_, err := v.post(ctx, "signup", typed("signup", 100+n))
			return err
		}
		if err := s.solve(ctx, p); err != nil {
			return err
		}
		_, err = v.post(ctx, "signup", p.Filled(typed("signup", 100+n)))
		s.quick(p)
		return err
	})
}

// Mistake 4: the page is guarded, but the endpoint behind it is not. The attacker calls it
// without a token, with made-up tokens, and with a valid ticket of another form.
func jsonTwin(ctx context.Context, s *scene) error {
	v := s.visitor().asProgram()
	note := map[string]string{"message": "buy now"}
	if err := repeat(4, func(int) error { _, err := v.postJSON(ctx, "api", note); return err }); err != nil {
		return err
	}
	invented := &scraper.Form{Fields: madeUp()}
	if err := repeat(3, func(int) error { _, err := v.postJSON(ctx, "api", invented.JSON(note)); return err }); err != nil {
		return err
	}
	return repeat(3, func(int) error {
		p, err := v.load(ctx, "signup")
		if err != nil {
			return err
		}
		if err := s.solve(ctx, p); err != nil {
			return err
		}
		_, err = v.postJSON(ctx, "api", p.JSON(note))
		return err
	})
}

// The guide's own timing check trusts a field of the form. Half of these submissions send
// that field. The other half rewrite the time in the ticket.
func forgedTime(ctx context.Context, s *scene) error {
	v := s.visitor()
	return repeat(10, func(n int) error {
		p, err := v.load(ctx, "signup")
		if err != nil {
			return err
		}
		if err := s.solve(ctx, p); err != nil {
			return err
		}
		fields := p.Filled(typed("signup", n))
		if n%2 == 0 {
			fields.Set("_form_loaded", fmt.Sprint(time.Now().Add(-time.Hour).Unix()))
			defer s.quick(p)
		} else {
			fields.Set(palisade.FieldTicket, backdate(fields.Get(palisade.FieldTicket), time.Minute))
		}
		_, err = v.post(ctx, "signup", fields)
		return err
	})
}

// The classic form filler puts a value into every text field.
func filledDecoy(ctx context.Context, s *scene) error {
	return prepared(ctx, s, "comments", 5, aged, func(v *visitor, p *paper, n int) error {
		fields := p.Filled(nil)
		for _, name := range p.Shown {
			fields.Set(name, "https://spam.example/"+strconv.Itoa(n))
		}
		_, err := v.post(ctx, "comments", fields)
		return err
	})
}

// Every submission is valid, but there are too many.
func burst(times int, spoof bool) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		return prepared(ctx, s, "signup", times, aged, func(v *visitor, p *paper, n int) error {
			if spoof {
				v = s.visitor()
				v.header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", n))
			}
			_, err := v.post(ctx, "signup", p.Filled(typed("signup", n)))
			return err
		})
	}
}

// A script in a browser that takes one second where people take three.
func fasterThanPeople(ctx context.Context, s *scene) error {
	return prepared(ctx, s, "contact", 5, time.Second, func(v *visitor, p *paper, n int) error {
		defer s.quick(p)
		_, err := v.post(ctx, "contact", p.Filled(typed("contact", n)))
		return err
	})
}

func nativeAtOnce(ctx context.Context, s *scene) error {
	v := s.visitor()
	return repeat(10, func(n int) error {
		p, err := v.load(ctx, "comments")
		if err != nil {
			return err
		}
		if err := s.solve(ctx, p); err != nil {
			return err
		}
		defer s.quick(p)
		_, err = v.post(ctx, "comments", p.Filled(typed("comments", n)))
		return err
	})
}

// Never loads a page, but does everything that the refusal asks for.
func obeys(times int) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		v := s.visitor().asProgram()
		return together(times, func(n int) error {
			a, err := v.post(ctx, "signup", typed("signup", n))
			if err != nil {
				return err
			}
			p := a.offered()
			if p == nil {
				return nil // accepted, without a guard
			}
			if err := s.solve(ctx, p); err != nil {
				return err
			}
			if err := sleepUntilAged(ctx, p.wait+200*time.Millisecond, p); err != nil {
				return err
			}
			_, err = v.post(ctx, "signup", p.Filled(typed("signup", n)))
			return err
		})
	}
}

// The guide's own scraper loads the page, buys a valid token for it, solves the proof and
// waits long enough. It uses one address, or one for each submission.
func bought(addresses int) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		one := s.visitor()
		visitors := make([]*visitor, networks)
		papers := make([]*paper, networks)
		err := together(networks, func(n int) error {
			visitors[n] = one
			if addresses > 1 {
				visitors[n] = s.visitorIn(byte(n))
			}
			var err error
			if papers[n], err = visitors[n].load(ctx, "signup"); err != nil {
				return err
			}
			return s.solve(ctx, papers[n])
		})
		if err != nil {
			return err
		}
		if err := sleepUntilAged(ctx, agedMore, papers...); err != nil {
			return err
		}
		return together(networks, func(n int) error {
			fields := papers[n].Filled(typed("signup", n))
			s.shop.put(fields, s.server.URL)
			_, err := visitors[n].post(ctx, "signup", fields)
			return err
		})
	}
}

// One machine fetches the tickets and makes the proofs, and a hundred networks send them.
func travels(ctx context.Context, s *scene) error {
	return prepared(ctx, s, "signup", travellers, aged, func(_ *visitor, p *paper, n int) error {
		_, err := s.visitorIn(byte(n)).post(ctx, "signup", p.Filled(typed("signup", n)))
		return err
	})
}

const travellers = 100

// One customer has 65 536 networks, and can use an address in each of them.
func roams(ctx context.Context, s *scene) error {
	visitors, papers := make([]*visitor, networks), make([]*paper, networks)
	err := together(networks, func(n int) (err error) {
		visitors[n] = s.visitorOf(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 7, 0, byte(n), 15: 1}))
		if papers[n], err = visitors[n].load(ctx, "signup"); err != nil {
			return err
		}
		return s.solve(ctx, papers[n])
	})
	if err != nil {
		return err
	}
	if err := sleepUntilAged(ctx, aged, papers...); err != nil {
		return err
	}
	return together(networks, func(n int) error {
		_, err := visitors[n].post(ctx, "signup", papers[n].Filled(typed("signup", n)))
		return err
	})
}

// Proofs that claim to be solved and are not. Then a person behind the same address takes
// the step that the form asks for.
func floods(ctx context.Context, s *scene) error {
	v := s.visitor().asProgram()
	p, err := v.load(ctx, "signup")
	if err != nil {
		return err
	}
	person, err := v.load(ctx, "signup")
	if err != nil {
		return err
	}
	if err := s.solve(ctx, person); err != nil {
		return err
	}
	if err := sleepUntilAged(ctx, aged, p, person); err != nil {
		return err
	}
	p.claim()
	if err := together(300, func(n int) error { _, err := v.post(ctx, "signup", p.Filled(typed("signup", 1000+n))); return err }); err != nil {
		return err
	}
	ada := url.Values{"username": {"ada"}, "email": {"ada@example.org"}}
	for range 3 {
		a, err := v.do(ctx, http.MethodPost, "/signup", "application/x-www-form-urlencoded", person.Filled(ada).Encode())
		if err != nil {
			return err
		}
		next := a.offered()
		if next == nil {
			v.noted(a)
			return nil
		}
		if err := s.solve(ctx, next); err != nil {
			return err
		}
		if err := sleepUntilAged(ctx, next.wait+200*time.Millisecond, next); err != nil {
			return err
		}
		person = next
	}
	return nil
}

// Opens the page, types, sends.
func person(ctx context.Context, s *scene) error {
	return prepared(ctx, s, "signup", 1, aged+time.Second, func(v *visitor, p *paper, _ int) error {
		_, err := v.post(ctx, "signup", p.Filled(url.Values{"username": {"ada"}, "email": {"ada@example.org"}}))
		return err
	})
}

// prepared loads and solves several pages from one address, waits, and then submits all of
// them together.
func prepared(ctx context.Context, s *scene, form string, times int, age time.Duration, send func(*visitor, *paper, int) error) error {
	v := s.visitor()
	papers := make([]*paper, times)
	err := together(times, func(n int) (err error) {
		if papers[n], err = v.load(ctx, form); err != nil {
			return err
		}
		return s.solve(ctx, papers[n])
	})
	if err != nil {
		return err
	}
	if err := sleepUntilAged(ctx, age, papers...); err != nil {
		return err
	}
	return together(times, func(n int) error { return send(v, papers[n], n) })
}

// repeat calls a function a number of times, one call after another.
func repeat(times int, do func(n int) error) error {
	for n := range times {
		if err := do(n); err != nil {
			return err
		}
	}
	return nil
}

// together makes the calls at once.
func together(times int, do func(n int) error) error {
	errs := make(chan error, times)
	start := make(chan struct{})
	var group sync.WaitGroup
	for n := range times {
		group.Go(func() {
			<-start
			errs <- do(n)
		})
	}
	close(start)
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
