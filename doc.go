// Package palisade keeps automation out of the requests that change something:
// sign-ups, logins, comments, votes, API calls. A protected handler cannot run
// unverified, no third party is needed, and a clean visitor sees nothing.
//
//	guard, err := palisade.New(palisade.Config{
//		Keys:     palisade.Keys{Current: key}, // 32 random bytes, kept secret
//		ClientIP: clientip.RemoteAddr(),       // no default: say whom you trust
//		Site:     "example.com",
//	})
//	signup, err := guard.Form(palisade.FormConfig{Name: "signup", Ask: palisade.WhenRisky})
//
//	mux.Handle("/.palisade/", guard.Handler())         // script, widget, tickets
//	mux.Handle("GET /signup", page)                    // puts signup.Fields(r) inside its <form>
//	mux.Handle("POST /signup", signup.Protect(create)) // runs for allowed attempts only
//
// # The path of one POST
//
// [Form.Protect] hands the request to the steps in check.go, in this order:
//
//	read      one bounded body; one value for each field that decides, or 400
//	identify  one typed client address, from package clientip
//	request   signals of the request: a cross-site browser is refused
//	ticket    ours, for this form, old enough, not too old
//	signals   those that compare with the ticket: timing, decoys and so on
//	weigh     findings add up to the level that a proof must show
//	proof     signature and binding of the embedded proof of work
//	derive    the work itself is checked, within the budget of the network
//	spend     ONE trip to the store: the limits are taken, ticket and proof used up
//	ask       the CAPTCHA service, where the level asks for it
//	targets   limits that belong to somebody else, such as an e-mail address
//
// The result is a [Decision]: allow, challenge, deny or divert, with findings, a score
// and an id. Only an allowed one makes a [Pass].
//
// # The visitor's view
//
// A page's form carries a signed ticket and a small script, which solves a proof of work
// of some 50 ms in the background. A suspicious visitor (too fast, a filled decoy, no
// ticket) gets a challenge page. The page keeps all input. Programs get
// application/problem+json with a challenge they can solve.
//
// # Limits of the method
//
// Proof of work does not price out an attacker who solves it in native code, and CAPTCHA
// tokens are for sale. They are gates. Single use, measured age and rate limits behind
// them bound an attacker.
package palisade
