package pow_test

import (
	"context"
	"fmt"
	"time"

	"github.com/palisade-dev/palisade/pow"
)

// The example shows the path of one proof. In a page, the altcha widget or the silent
// script replaces Solve, and a store replaces the map.
func Example() {
	captcha, err := pow.New(pow.Config{
		Keys: pow.Keys{Current: []byte("at least thirty-two random bytes")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, now := context.Background(), time.Now()
	claimed := map[[16]byte]bool{}
	submit := func(payload, ticket string) string {
		proof, why := captcha.Check(payload, []byte(ticket), now)
		if why != "" {
			return "refused: " + string(why)
		}
		switch ok, err := captcha.Derive(ctx, proof); {
		case err != nil:
			return "try again: " + err.Error()
		case !ok:
			return "refused: not the work it claims"
		}
		if claimed[proof.ID()] {
			return "refused: used before"
		}
		claimed[proof.ID()] = true // until proof.Expires()
		return "accepted"
	}

	challenge, err := captcha.AppendChallenge(nil, pow.Challenge{
		Binding: []byte("example.com signup 5f3a"),
		Issued:  now,
		Expires: now.Add(20 * time.Minute),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	payload, err := pow.Solve(ctx, challenge)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(submit(payload, "example.com login 5f3a"))
	fmt.Println(submit(payload, "example.com signup 5f3a"))
	fmt.Println(submit(payload, "example.com signup 5f3a"))
	// Output:
	// refused: forged
	// accepted
	// refused: used before
}
