// Package pow is the embedded captcha: proof of work in the ALTCHA v2 protocol,
// issued without memory and checked in two steps.
//
//	captcha, err := pow.New(pow.Config{Keys: pow.Keys{Current: key}})
//
//	// when a form is shown
//	challenge, err := captcha.AppendChallenge(nil, pow.Challenge{
//		Binding: ticket, Issued: now, Expires: now.Add(20 * time.Minute),
//	})
//
//	// when it comes back
//	proof, why := captcha.Check(payload, ticket, now) // no derivation yet
//	if why != "" {
//		refuse(string(why))
//		return
//	}
//	if ok, err := captcha.Derive(ctx, proof); err != nil || !ok { // the one costly step
//		refuse("not the work it claims")
//		return
//	}
//	if !claim(proof.ID(), proof.Expires()) { // once, in the store
//		refuse("used")
//	}
//
// The order matters. Garbage costs its sender more than us: it is refused by size, shape
// and one HMAC. A made-up proof of a real challenge costs us one derivation, so call
// Derive within a budget of the sender's network. It must not be claimed before: claims
// of made-up proofs would fill the store, and then the store would refuse people. All
// derivations together have a bounded share of the processor.
//
// # Content of a challenge
//
// A challenge holds level, time of issue, expiry, work and 128 random bits, under
// HMAC-SHA-256 cut to 128 bits. The signature also covers a binding that is not sent:
// site, form and ticket. Nothing is stored at issue. A challenge is PBKDF2/SHA-256 in one
// of two modes, see [Work]. The first is a random search for a prefix: it is free to
// issue and varies in length. The second is a search for a counter that we picked: it
// varies little and has an end, but costs us one derivation to issue and one HMAC to
// check. The first serves every form. The second needs a limit on who may ask.
//
// The widget and the worker of npm's altcha 3.2 solve both unmodified. The signature
// covers values, not JSON text, so an API client may parse a challenge and encode it
// again. A client must send each member once and no unknown ones, numbers in plain
// form, and hex in lower case.
//
// # Value of proof of work
//
// Proof of work does not keep automation out, and it is cheap for attackers with native
// code. Guesses of 5000 iterations a second, one core each, measured on one machine in
// 2026:
//
//	Chromium 156, WebCrypto           1622
//	Firefox 153, WebCrypto            1154
//	Go's crypto/pbkdf2, as in Solve   1381
//	C with AVX-512, 16 lanes          6550, 4.0 times Chromium
//	a GPU, by public figures          about 490 times a Chromium core
//
// (The last is from tobtu.com/minimum-password-settings; no phone was measured.)
// ALTCHA's default is 256 such guesses. At the price of a rented server they cost an
// attacker 0.04 seconds of processor, or €0.00003 for a thousand proofs. People who solve
// captchas for money ask about $1 (mCaptcha issue 4). Level 0 asks a fifth of that work.
// Other functions do not help. Searches over plain SHA-256, as in ALTCHA v1, give a
// native solver 400 to 1500 times a browser's speed, and memory-hard functions crash
// phones (altcha issue 192).
//
// So proof of work is a gate, and it multiplies the effect of other checks. The client
// must run a program, come back after a time that the server measures, and spend one
// claim under a rate limit. Levels 1 and 2 are more work, not proof of a person; a
// headless browser does them.
//
// # A higher level
//
// A code to read or to hear is the level after the hardest work here. Its challenge is
// this one with the widget's codeChallenge member beside parameters (image, audio,
// length; not part of the payload). Its answer goes to the widget's verifyUrl together
// with the solved payload. It needs no new proof: the code's answer, keyed and hashed,
// joins the signed terms, and the verified code is issued as a Proof of its own level.
// It is not built yet.
//
// The subpackage altcha verifies challenges that other ALTCHA servers issued.
package pow
