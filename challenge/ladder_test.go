package challenge_test

import (
	"context"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/challenge"
)

func issue(context.Context, challenge.Ask) (challenge.Prompt, error) {
	return challenge.Prompt{}, nil
}

func check(context.Context, challenge.Ask, string) (challenge.Result, error) {
	return challenge.Result{}, nil
}

// asked is a kind of a service that is asked: a light one and a hard one, as of a vendor.
func asked(id challenge.ID, rung challenge.Rung, service string, down *bool) challenge.Kind {
	k := challenge.Kind{
		Name: "a" + string('0'+rune(id)), ID: id, Rung: rung, Work: challenge.LightWork, Field: "f", Issue: issue, Check: check, Service: service,
	}
	if down != nil {
		k.Down = func() bool { return *down }
	}
	return k
}

func proof(id challenge.ID, rung challenge.Rung, work challenge.Work) challenge.Kind {
	return challenge.Kind{Name: "p" + string('0'+rune(id)), ID: id, Rung: rung, Work: work}
}

// site is the ladder of a site with two services and a stand-in.
func site(t *testing.T, firstDown, secondDown *bool) *challenge.Ladder {
	standIn := proof(9, challenge.Hard, challenge.HardWork)
	standIn.StandIn = true
	l, err := challenge.NewLadder(
		proof(0, challenge.Silent, challenge.LightWork),
		asked(1, challenge.Visible, "one", firstDown), asked(2, challenge.Hard, "one", firstDown),
		asked(3, challenge.Visible, "two", secondDown), asked(4, challenge.Hard, "two", secondDown),
		standIn,
	)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWhichKindIsAskedFor(t *testing.T) {
	up, down := false, true
	for _, test := range []struct {
		name              string
		first, second     *bool
		need              challenge.Rung
		from, want, after challenge.ID
	}{
		{"a clean visitor shows the silent proof", &up, &up, challenge.Silent, 0, 0, 1},
		{"a suspicious visitor is asked the first service", &up, &up, challenge.Visible, 0, 1, 3},
		{"a very suspicious one its hard kind", &up, &up, challenge.Hard, 0, 2, 3},
		{"the second stands in for a service that is known to be down", &down, &up, challenge.Visible, 0, 3, 9},
		{"the first is asked where all are down: it may be back", &down, &down, challenge.Visible, 0, 1, 3},
		{"a visitor of the second is not sent back to the first", &up, &up, challenge.Visible, 3, 3, 9},
		{"nor to the hard kind of the second without need", &up, &up, challenge.Visible, 4, 3, 9},
		{"the hard kind of the second is asked when it is needed", &up, &up, challenge.Hard, 3, 4, 9},
		{"the stand-in is asked when it is told", &up, &up, challenge.Hard, 9, 9, 255},
		{"a kind that is gone begins anew", &up, &up, challenge.Visible, 77, 1, 3},
		{"what nothing opens is asked of the kind that opens most", &up, &up, challenge.Highest, 0, 2, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := site(t, test.first, test.second)
			k := l.Ask(test.need, test.from)
			if k.ID != test.want {
				t.Errorf("kind %d, want %d", k.ID, test.want)
			}
			next := challenge.ID(255)
			if after := l.After(k); after != nil {
				next = after.ID
			}
			if next != test.after {
				t.Errorf("behind it %d, want %d", next, test.after)
			}
		})
	}
}

func TestAKindOfAnotherLadderShowsNoMoreThanTheFirst(t *testing.T) {
	if k := site(t, nil, nil).Kind(5); k.ID != 0 || k.Rung != challenge.Silent {
		t.Errorf("%+v", k)
	}
}

// The laws: a kind that is asked for opens the needed rung if any kind can. A stand-in is
// asked for only by name.
func FuzzAsk(f *testing.F) {
	f.Add(uint8(1), uint8(3), true, false)
	f.Fuzz(func(t *testing.T, need, from uint8, first, second bool) {
		l := site(t, &first, &second)
		k := l.Ask(challenge.Rung(need), challenge.ID(from))
		if most := min(challenge.Rung(need), l.Top()); k.Rung < most {
			t.Errorf("rung %d, need %d", k.Rung, need)
		}
		if k.StandIn != (from == 9) {
			t.Errorf("from %d the stand-in is asked: %v", from, k.StandIn)
		}
	})
}

func TestAHigherRungNeverTakesLess(t *testing.T) {
	for _, fill := range []time.Duration{-1, 0, 3 * time.Second, time.Hour} {
		for r := challenge.Silent; r < challenge.Highest; r++ {
			if r.Age(fill) > (r + 1).Age(fill) {
				t.Errorf("rung %d is older than rung %d", r, r+1)
			}
			if r.Budget().Burst < (r+1).Budget().Burst || r.Budget().Every > (r+1).Budget().Every {
				t.Errorf("rung %d has a smaller budget than rung %d", r, r+1)
			}
		}
		if fill > 0 && challenge.Visible.Age(fill) < fill {
			t.Error("to be challenged is quicker than to fill the form")
		}
	}
}

func TestALadderReportsAllMistakes(t *testing.T) {
	twice := proof(0, challenge.Silent, challenge.LightWork)
	_, err := challenge.NewLadder(twice, twice, challenge.Kind{Name: "empty", ID: 7})
	if err == nil {
		t.Fatal("no error")
	}
	if _, err := challenge.NewLadder(); err == nil {
		t.Error("a ladder without kinds is good")
	}
}
