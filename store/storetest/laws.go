package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/palisade-dev/palisade/store"
)

// Laws returns the laws that can be checked with one caller at a time.
func Laws() []Law {
	return slices.Concat(claimLaws, limitLaws, tripLaws)
}

var claimLaws = []Law{
	{Name: "a claim is first once", check: func(t T, b *bench) {
		k := b.key()
		b.want(t, store.Granted, "the first claim", claims(b.claim(k)))
		for range 3 {
			b.want(t, store.Spent, "a claim of what is used", claims(b.claim(k)))
		}
		b.want(t, store.Granted, "a claim of something else", claims(b.claim(b.key())))
	}},

	{Name: "keys are compared whole", check: func(t T, b *bench) {
		first := b.key()
		b.want(t, store.Granted, "a claim", claims(b.claim(first)))
		for i := range first {
			other := first
			other[i] ^= 1
			b.want(t, store.Granted, fmt.Sprintf("a key that differs in byte %d only", i), claims(b.claim(other)))
		}
		b.want(t, store.Granted, "a limit", nil, hourly(first, 1))
		for i := range first {
			other := first
			other[i] ^= 1
			b.want(t, store.Granted, fmt.Sprintf("a limit whose key differs in byte %d only", i), nil, hourly(other, 1))
		}
	}},

	{Name: "a claim is remembered until it expires", check: func(t T, b *bench) {
		c := b.claim(b.key())
		b.want(t, store.Granted, "the first claim", claims(c))
		b.passJustNot(time.Hour)
		b.want(t, store.Spent, "the moment before it expires", claims(c))
		longer := c
		longer.Expires = longer.Expires.Add(time.Hour)
		b.want(t, store.Spent, "the moment before it expires, as one that expires later", claims(longer))
	}},

	{Name: "an expired claim is forgotten and never granted", check: func(t T, b *bench) {
		used, unused := b.claim(b.key()), b.claim(b.key())
		b.want(t, store.Granted, "the first claim", claims(used))
		b.passJustNot(time.Hour)
		b.passRest()
		b.want(t, store.Forgotten, "one that was used, when it expires", claims(used))
		b.want(t, store.Forgotten, "one that was not used, when it expires", claims(unused))
		b.want(t, store.Forgotten, "one without any expiry", claims(store.Claim{Key: b.key()}))
	}},

	{Name: "a live claim outlives others that expire", check: func(t T, b *bench) {
		keep := b.claimFor(b.key(), 3*time.Hour)
		b.want(t, store.Granted, "the first claim", claims(keep))
		for range 10 {
			for range 100 {
				b.want(t, store.Granted, "a short-lived claim", claims(b.claimFor(b.key(), time.Minute)))
			}
			b.pass(10 * time.Minute)
			b.want(t, store.Spent, "a live claim, after 100 more that expired", claims(keep))
		}
	}},

	{Name: "pools do not mix", check: func(t T, b *bench) {
		k, other := b.key(), b.key()
		b.want(t, store.Granted, "the key, unverified", claims(unverified(b.claim(k))))
		b.want(t, store.Granted, "the same key, signed", claims(b.claim(k)))
		b.want(t, store.Spent, "unverified again", claims(unverified(b.claim(k))))
		b.want(t, store.Spent, "signed again", claims(b.claim(k)))
		b.want(t, store.Granted, "one key in both pools at once", claims(b.claim(other), unverified(b.claim(other))))
	}},

	{Name: "what was issued before the memory began is forgotten", needs: restarts, check: func(t T, b *bench) {
		used, unused := b.claim(b.key()), b.claim(b.key())
		b.want(t, store.Granted, "the first claim", claims(used))
		b.pass(time.Minute)
		b.Store = b.Restart(b.now())
		b.want(t, store.Forgotten, "used before the restart", claims(used))
		b.want(t, store.Forgotten, "issued before the restart", claims(unused))
		b.want(t, store.Granted, "issued at the restart", claims(b.claim(b.key())))
		b.want(t, store.Granted, "of unknown issue", claims(store.Claim{Key: b.key(), Expires: b.now().Add(time.Hour)}))
	}},

	{Name: "a clock that goes back grants nothing twice", needs: tellsTime, check: func(t T, b *bench) {
		start := b.clock
		keep := b.claimFor(b.key(), time.Minute)
		b.want(t, store.Granted, "the first claim", claims(keep))
		for hour := range 8 { // claims that make the store remove others
			b.clock = start.Add(time.Duration(1+hour) * time.Hour)
			for range 300 {
				b.Store.Spend(context.Background(), b.trip(claims(b.claimFor(b.key(), time.Minute))))
			}
		}
		b.clock = start.Add(time.Second)
		for _, c := range []store.Claim{keep, b.claimFor(keep.Key, 2*time.Hour)} {
			if r, err := b.Store.Spend(context.Background(), b.trip(claims(c))); err == nil && r.Status == store.Granted {
				t.Errorf("a claim that is still live by the time of its trip was granted twice")
			}
		}
	}},

	{Name: "a full pool refuses and forgets nothing", needs: fills, check: func(t T, b *bench) {
		for _, pool := range []store.Pool{store.Signed, store.Unverified} {
			kept, err := b.fill(pool)
			if !errors.Is(err, store.ErrFull) {
				t.Errorf("%s pool after %d claims: error %v, want ErrFull", poolNames[pool], b.Fill, err)
			}
			for _, c := range kept {
				if r, err := b.Store.Spend(context.Background(), b.trip(claims(c))); err != nil || r.Status != store.Spent {
					t.Fatalf("%s pool: a live claim was forgotten when it was full: %s, %v", poolNames[pool], show(r), err)
				}
			}
		}
		b.pass(3 * time.Hour)
		b.want(t, store.Granted, "a claim when the others have expired", claims(b.claim(b.key())))
	}},

	{Name: "a full pool leaves the other its room", needs: fills, check: func(t T, b *bench) {
		b.fill(store.Unverified)
		for range 100 {
			b.want(t, store.Granted, "a signed claim, when the unverified pool is full", claims(b.claim(b.key())))
		}
	}},

	{Name: "a trip that finds a pool full spends nothing", needs: fills, check: func(t T, b *bench) {
		b.fill(store.Unverified)
		// The store decides which further claim finds no room: search for one.
		for range b.Fill {
			ticket, limit := b.key(), b.key()
			trip := b.trip(claims(b.claim(ticket), unverified(b.claim(b.key()))), hourly(limit, 1))
			if r, err := b.Store.Spend(context.Background(), trip); err == nil {
				continue
			} else if r.Status == store.Granted {
				t.Errorf("granted beside the error %v", err)
			}
			b.want(t, store.Granted, "the signed claim of a trip that found the unverified pool full", claims(b.claim(ticket)))
			b.want(t, store.Granted, "the limit of that trip", nil, hourly(limit, 1))
			return
		}
		t.Errorf("the unverified pool took all of %d claims twice", b.Fill)
	}},
}

var poolNames = [...]string{store.Signed: "signed", store.Unverified: "unverified"}

func restarts(h Harness) bool  { return h.Restart != nil }
func fills(h Harness) bool     { return h.Fill > 0 }
func tellsTime(h Harness) bool { return h.Advance == nil }
func exact(h Harness) bool     { return h.Slack == 0 }

// fill makes more claims of a pool than it can keep. It returns the granted ones and the
// last error.
func (b *bench) fill(pool store.Pool) (kept []store.Claim, full error) {
	for range b.Fill {
		c := b.claim(b.key())
		c.Pool = pool
		r, err := b.Store.Spend(context.Background(), b.trip(claims(c)))
		switch {
		case err != nil:
			full = err
		case r.Status == store.Granted:
			kept = append(kept, c)
		}
	}
	return kept, full
}

var limitLaws = []Law{
	{Name: "a limit lets its burst through and then one each Every", check: func(t T, b *bench) {
		take := store.Take{Key: b.key(), Every: time.Minute, Burst: 3}
		for i := range 3 {
			b.want(t, store.Granted, fmt.Sprintf("take %d of a burst of 3", i+1), nil, take)
		}
		b.want(t, store.Limited, "over the burst", nil, take)
		b.passJustNot(time.Minute)
		b.want(t, store.Limited, "the moment before a permit is back", nil, take)
		b.passRest()
		b.want(t, store.Granted, "the permit that is back", nil, take)
		b.want(t, store.Limited, "a second one", nil, take)
	}},

	{Name: "a refused take is granted when its wait is over and not before", check: func(t T, b *bench) {
		take := store.Take{Key: b.key(), Every: time.Minute, Burst: 4, Cost: 3}
		b.want(t, store.Granted, "three of four permits", nil, take)
		b.pass(30 * time.Second)
		// One and a half permits are left, and three are requested.
		r := b.want(t, store.Limited, "three of one and a half", nil, take)
		b.wantWait(t, "three of one and a half, at one a minute", r, 90*time.Second)
		b.passJustNot(r.Wait)
		b.want(t, store.Limited, "the moment before the wait is over", nil, take)
		b.passRest()
		b.want(t, store.Granted, "when the wait is over", nil, take)
	}},

	{Name: "any history of a limit is that of GCRA", needs: exact, check: func(t T, b *bench) {
		// The test calculates the formula beside the store. ends is when a key has regained all permits.
		keys := [3]store.Key{b.key(), b.key(), b.key()}
		var ends [3]time.Time
		random := rand.New(rand.NewPCG(2026, 11)) // the same history in each run
		for step := range 2000 {
			b.pass(time.Duration(random.Int64N(int64(20 * time.Second))))
			i := random.IntN(len(keys))
			take := store.Take{Key: keys[i], Every: 7*time.Second + 1, Burst: 1 + 4*i, Cost: random.IntN(4)}
			start := ends[i]
			if start.Before(b.now()) {
				start = b.now()
			}
			end := start.Add(time.Duration(max(take.Cost, 1)) * take.Every)
			wait := end.Sub(b.now()) - time.Duration(take.Burst)*take.Every
			r := b.spend(t, nil, take)
			switch {
			case wait <= 0 && r.Status == store.Granted:
				ends[i] = end
			case wait <= 0:
				t.Fatalf("step %d: %s, want granted", step, show(r))
			case r.Status != store.Limited:
				t.Fatalf("step %d: %s, want limited", step, show(r))
			case take.Cost <= take.Burst && r.Wait != wait:
				t.Fatalf("step %d: wait %v, want %v", step, r.Wait, wait)
			}
		}
	}},

	{Name: "a long rest regains the burst and no more", check: func(t T, b *bench) {
		take := store.Take{Key: b.key(), Every: time.Minute, Burst: 3}
		for range 2 {
			for range 3 {
				b.want(t, store.Granted, "within the burst", nil, take)
			}
			b.want(t, store.Limited, "over the burst", nil, take)
			b.pass(3 * time.Hour)
		}
	}},

	{Name: "a cost is taken whole or not at all", check: func(t T, b *bench) {
		take := store.Take{Key: b.key(), Every: time.Hour, Burst: 5, Cost: 3}
		b.want(t, store.Granted, "three of five", nil, take)
		b.want(t, store.Limited, "three of two", nil, take)
		take.Cost = 2
		b.want(t, store.Granted, "two of two", nil, take)
		take.Cost = 1
		b.want(t, store.Limited, "one of none", nil, take)
	}},

	{Name: "no cost means one", check: func(t T, b *bench) {
		take := hourly(b.key(), 1)
		b.want(t, store.Granted, "the first", nil, take)
		b.want(t, store.Limited, "the second", nil, take)
	}},

	{Name: "a cost above the burst is never granted and takes nothing", check: func(t T, b *bench) {
		take := hourly(b.key(), 5)
		for _, cost := range []int{6, math.MaxInt} {
			take.Cost = cost
			for range 2 {
				r := b.want(t, store.Limited, fmt.Sprintf("%d of a burst of 5", cost), nil, take)
				if r.Wait <= 0 {
					t.Errorf("%d of a burst of 5: wait %v, want more than none", cost, r.Wait)
				}
				b.pass(3 * time.Hour)
			}
		}
		take.Cost = 5
		b.want(t, store.Granted, "five of five", nil, take)
	}},

	{Name: "a forced take is granted and counts", check: func(t T, b *bench) {
		take := store.Take{Key: b.key(), Every: time.Hour, Burst: 3}
		forced := take
		forced.Force, forced.Cost = true, 4
		b.want(t, store.Granted, "one of three", nil, take)
		b.want(t, store.Granted, "four of two, forced", nil, forced) // five are owed, of three
		b.pass(2 * time.Hour)
		b.want(t, store.Limited, "one, while as many as the burst are owed", nil, take)
		b.pass(time.Hour + time.Minute)
		b.want(t, store.Granted, "one, when one less is owed", nil, take)
	}},

	{Name: "forced takes make a key owe at most three times its burst", check: func(t T, b *bench) {
		take := store.Take{Key: b.key(), Every: time.Hour, Burst: 3}
		forced := take
		for _, cost := range []int{3, math.MaxInt, 6, 1} {
			forced.Force, forced.Cost = true, cost
			b.want(t, store.Granted, "a forced take", nil, forced)
		}
		b.pass(7*time.Hour - time.Minute)
		b.want(t, store.Limited, "one, before seven of nine are regained", nil, take)
		b.pass(2 * time.Minute)
		b.want(t, store.Granted, "one, when seven of nine are regained", nil, take)
	}},

	{Name: "what is given back can be taken again", check: func(t T, b *bench) {
		take := store.Take{Key: b.key(), Every: time.Hour, Burst: 3}
		for range 3 {
			b.want(t, store.Granted, "within the burst", nil, take)
		}
		back := take
		back.Cost, back.Back = 2, b.now()
		b.want(t, store.Granted, "two are given back, over the burst", nil, back)
		for range 2 {
			b.want(t, store.Granted, "one of those given back", nil, take)
		}
		b.want(t, store.Limited, "a third", nil, take)
		rested := store.Take{Key: b.key(), Every: time.Hour, Burst: 1}
		back.Key = rested.Key
		b.want(t, store.Granted, "given back by a key that took nothing", nil, back)
		b.want(t, store.Granted, "its burst", nil, rested)
		b.want(t, store.Limited, "over its burst", nil, rested)
	}},

	{Name: "taking and giving back gains nothing", needs: exact, check: func(t T, b *bench) {
		// The test calculates the formula beside the store, for the takes that are not given
		// back. end is when the key has regained all permits.
		take := store.Take{Key: b.key(), Every: 10 * time.Second, Burst: 3}
		var end time.Time
		var lent []time.Time
		random := rand.New(rand.NewPCG(2026, 12)) // the same history in each run
		for step := range 4000 {
			b.pass(time.Duration(random.Int64N(int64(8 * time.Second))))
			switch what := random.IntN(3); {
			case what == 0 && len(lent) > 0:
				back := take
				back.Back, lent = lent[0], lent[1:]
				b.want(t, store.Granted, "a permit is given back", nil, back)
			case what == 1:
				if r := b.spend(t, nil, take); r.Status == store.Granted {
					lent = append(lent, b.now())
				}
			default:
				if end.Before(b.now()) {
					end = b.now()
				}
				wait := end.Add(take.Every).Sub(b.now()) - time.Duration(take.Burst)*take.Every
				if r := b.spend(t, nil, take); r.Status == store.Granted {
					if end = end.Add(take.Every); wait > 0 {
						t.Fatalf("step %d: granted, %v before a key that lent nothing would get it", step, wait)
					}
				}
			}
		}
	}},

	{Name: "keys are limited apart", check: func(t T, b *bench) {
		for range 100 {
			take := hourly(b.key(), 1)
			b.want(t, store.Granted, "the first take of a key", nil, take)
			b.want(t, store.Limited, "the second", nil, take)
		}
	}},

	{Name: "a limit and a claim of one key do not mix", check: func(t T, b *bench) {
		k, other := b.key(), b.key()
		b.want(t, store.Granted, "a claim and a limit of one key", claims(b.claim(k)), hourly(k, 2))
		b.want(t, store.Granted, "the limit again", nil, hourly(k, 2))
		b.want(t, store.Granted, "a limit first", nil, hourly(other, 1))
		b.want(t, store.Granted, "then a claim of its key", claims(b.claim(other)))
	}},
}

var tripLaws = []Law{
	{Name: "what is granted is spent whole", check: func(t T, b *bench) {
		c1, c2, l1, l2 := b.key(), b.key(), b.key(), b.key()
		b.want(t, store.Granted, "two claims and two limits", claims(b.claim(c1), unverified(b.claim(c2))), hourly(l1, 1), hourly(l2, 1))
		b.want(t, store.Spent, "the first claim", claims(b.claim(c1)))
		b.want(t, store.Spent, "the second claim", claims(unverified(b.claim(c2))))
		b.want(t, store.Limited, "the first limit", nil, hourly(l1, 1))
		b.want(t, store.Limited, "the second limit", nil, hourly(l2, 1))
	}},

	{Name: "refused by a limit nothing is spent", check: func(t T, b *bench) {
		full, free, ticket := b.key(), b.key(), b.key()
		b.want(t, store.Granted, "the limit's only permit", nil, hourly(full, 1))
		b.want(t, store.Limited, "a claim, a free limit, a full one", claims(b.claim(ticket)), hourly(free, 1), hourly(full, 1))
		b.want(t, store.Granted, "the free limit", nil, hourly(free, 1))
		b.want(t, store.Granted, "the claim", claims(b.claim(ticket)))
	}},

	{Name: "refused by a claim nothing is spent", check: func(t T, b *bench) {
		used, other, limit := b.key(), b.key(), b.key()
		b.want(t, store.Granted, "a claim", claims(b.claim(used)))
		b.want(t, store.Spent, "another claim, the used one, a limit", claims(b.claim(other), b.claim(used)), hourly(limit, 1))
		expired := store.Claim{Key: b.key(), Expires: b.now().Add(-time.Minute)}
		b.want(t, store.Forgotten, "another claim, an expired one, a limit", claims(b.claim(other), expired), hourly(limit, 1))
		b.want(t, store.Granted, "the other claim", claims(b.claim(other)))
		b.want(t, store.Granted, "the limit", nil, hourly(limit, 1))
	}},

	{Name: "a replay over a limit is told as a replay", check: func(t T, b *bench) {
		used, full := b.key(), b.key()
		b.want(t, store.Granted, "a claim and a limit's only permit", claims(b.claim(used)), hourly(full, 1))
		b.want(t, store.Spent, "both again", claims(b.claim(used)), hourly(full, 1))
	}},

	{Name: "a refusal names the first that refused", check: func(t T, b *bench) {
		used, full := b.key(), b.key()
		b.want(t, store.Granted, "a claim and a limit's only permit", claims(b.claim(used)), hourly(full, 1))
		r := b.want(t, store.Spent, "a new claim, then a used one twice over",
			claims(b.claim(b.key()), b.claim(used), store.Claim{Key: b.key()}))
		if r.Index != 1 {
			t.Errorf("Claims[1] was spent and Claims[2] forgotten: index %d, want 1", r.Index)
		}
		other := b.key()
		b.want(t, store.Granted, "another limit's only permit", nil, hourly(other, 1))
		r = b.want(t, store.Limited, "a new limit, then two that are full", claims(b.claim(b.key())),
			hourly(b.key(), 1), hourly(full, 1), hourly(other, 1))
		if r.Index != 1 {
			t.Errorf("Takes[1] and Takes[2] were limited: index %d, want 1", r.Index)
		}
	}},

	{Name: "a grant is told by its status and nothing else", check: func(t T, b *bench) {
		for what, trip := range map[string]store.Trip{
			"a claim":       b.trip(claims(b.claim(b.key()), b.claim(b.key()))),
			"a limit":       b.trip(nil, hourly(b.key(), 1), hourly(b.key(), 1)),
			"nothing asked": b.trip(nil),
		} {
			r, err := b.Store.Spend(context.Background(), trip)
			if want := (store.Result{Status: store.Granted}); err != nil || r != want {
				t.Errorf("%s: %s %+v, %v; want the status granted and zeros", what, name(r.Status), r, err)
			}
		}
	}},

	{Name: "the slices of a trip are the caller's", check: func(t T, b *bench) {
		c, l := claims(b.claim(b.key()), b.claim(b.key())), []store.Take{hourly(b.key(), 1), hourly(b.key(), 1)}
		claimed, taken := slices.Clone(c), slices.Clone(l)
		b.want(t, store.Granted, "two claims and two limits", c, l...)
		if !slices.Equal(c, claimed) || !slices.Equal(l, taken) {
			t.Errorf("the store wrote to the slices of the trip")
		}
		for i := range c { // as a caller does that reuses its slices
			c[i], l[i] = b.claim(b.key()), hourly(b.key(), 9)
		}
		for i := range claimed {
			b.want(t, store.Spent, "the claim, when its slice has another", claimed[i:i+1])
			b.want(t, store.Limited, "the limit, when its slice has another", nil, taken[i])
		}
	}},

	{Name: "a context that has ended is an error and spends nothing", check: func(t T, b *bench) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		ticket, limit := b.key(), b.key()
		r, err := b.Store.Spend(ctx, b.trip(claims(b.claim(ticket)), hourly(limit, 1)))
		if !errors.Is(err, context.Canceled) || r.Status == store.Granted {
			t.Errorf("a context that has ended: %s, %v; want context.Canceled", show(r), err)
		}
		b.want(t, store.Granted, "the claim and the limit afterwards", claims(b.claim(ticket)), hourly(limit, 1))
	}},

	{Name: "an invalid trip is an error and spends nothing", check: func(t T, b *bench) {
		ticket, limit := b.key(), b.key()
		good, free := b.claim(ticket), hourly(limit, 1)
		for what, trip := range map[string]store.Trip{
			"a limit with no Every":      b.trip(claims(good), free, store.Take{Key: b.key(), Burst: 1}),
			"a limit that runs back":     b.trip(claims(good), free, store.Take{Key: b.key(), Every: -1, Burst: 1}),
			"a limit with no Burst":      b.trip(claims(good), free, store.Take{Key: b.key(), Every: time.Second}),
			"a limit below none":         b.trip(claims(good), free, store.Take{Key: b.key(), Every: time.Second, Burst: -1}),
			"a negative cost":            b.trip(claims(good), free, store.Take{Key: b.key(), Every: time.Second, Burst: 1, Cost: -1}),
			"both forced and given back": b.trip(claims(good), free, store.Take{Key: b.key(), Every: time.Second, Burst: 1, Force: true, Back: b.now()}),
			"the same limit twice":       b.trip(claims(good), free, hourly(b.key(), 1), free),
			"the same claim twice":       b.trip(claims(good, b.claim(b.key()), good), free),
			"a claim of no known pool":   b.trip(claims(good, store.Claim{Key: b.key(), Pool: 9, Expires: good.Expires}), free),
		} {
			r, err := b.Store.Spend(context.Background(), trip)
			if !errors.Is(err, store.ErrInvalidTrip) || r.Status == store.Granted {
				t.Errorf("%s: %s, %v; want ErrInvalidTrip", what, show(r), err)
			}
		}
		b.want(t, store.Granted, "the claim and the limit of the invalid trips", claims(good), free)
	}},

	{Name: "a trip that does not say the time is invalid", needs: tellsTime, check: func(t T, b *bench) {
		k := b.key()
		r, err := b.Store.Spend(context.Background(), store.Trip{Claims: claims(b.claim(k))})
		if !errors.Is(err, store.ErrInvalidTrip) || r.Status == store.Granted {
			t.Errorf("no Now: %s, %v; want ErrInvalidTrip", show(r), err)
		}
		b.want(t, store.Granted, "the claim of that trip", claims(b.claim(k)))
	}},
}
