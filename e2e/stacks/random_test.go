package stacks_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

var (
	random = flag.Int("random", 100, "random spellings of the route for each stack")
	seed   = flag.Uint64("seed", 1, "of the random spellings")
)

// pieces are parts of paths that servers treat in different ways.
var pieces = []string{
	"/", "//", "\\", "%2f", "%2F", "%5c", "%252f", ".", "..", "/.", "/..", "/../", "/./", "%2e", "%2e%2e", ";", ";a=b", ";/", "?", "#", "%3f", "%23", "%3b",
	"%00", "\x00", "%0a", "%0d%0a", "\t", "%09", " ", "%20", "+", "%", "%%", "%zz", "%u0073", "%c0%af", "%ff", "\xff", "%ef%bc%8f", "%e2%80%a5", "%c5%bf", "%c4%b1", "İ",
	"x", "/x", "index", "index.php", "/index.php", "index.html", ".php", ".html", ".json", ".PHP", "~1", ":", "::$DATA", "@", "*", "!", "'", "\"", "[", "]", "{", "|", "&", "=",
	"?q=", "/?q=", "?/", "/?/", "/?rest_route=", "&r=", "index.phpx", "/index.php/", "/1.php", "/aaaaaa", ";a=index.php", "%3Bindex.php", ".a.b", "public/index.php",
	"http://HOST", "http:", "x:", "//x", "//HOST", "http://x@HOST",
}

// spell writes a route in a random way that begins with the route.
func spell(r *rand.Rand, route string) string {
	text := route
	for range 1 + r.IntN(4) {
		at := r.IntN(len(text) + 1)
		switch r.IntN(6) {
		case 0, 1, 2: // insert a piece
			text = text[:at] + pieces[r.IntN(len(pieces))] + text[at:]
		case 3: // add a piece before or after
			if piece := pieces[r.IntN(len(pieces))]; r.IntN(2) == 0 {
				text = piece + text
			} else {
				text += piece
			}
		case 4: // escape a character, perhaps twice
			if at < len(text) {
				format := []string{"%%%02x", "%%%02X", "%%25%02x"}[r.IntN(3)]
				text = text[:at] + fmt.Sprintf(format, text[at]) + text[at+1:]
			}
		case 5: // change the case of a letter
			if at < len(text) {
				text = text[:at] + flip(text[at]) + text[at+1:]
			}
		}
	}
	return strings.NewReplacer("\r", "", "\n", "").Replace(text) // they would end the line
}

func flip(c byte) string {
	if 'a' <= c|0x20 && c|0x20 <= 'z' {
		c ^= 0x20
	}
	return string([]byte{c})
}

// With any path, the effect of a protected route needs an allowed submission. None of these
// requests has a ticket or a proof.
func TestNoRandomSpellingGetsAroundTheGateway(t *testing.T) {
	for _, stack := range apps.Stacks {
		t.Run(stack.Name, func(t *testing.T) {
			t.Parallel()
			app := stack.Start(t)
			front := gateway(t, app, stack.Route)
			headers, body := stack.Submission(app)
			r := rand.New(rand.NewPCG(*seed, 0))
			before := app.Effects()["signup"]
			var sent []string
			for i := range *random {
				target := spell(r, stack.Route)
				sent = append(sent, target)
				method := methods[r.IntN(len(methods))]
				if i%2 == 0 {
					method = methods[0]
				}
				send(t, front, request(front, method.method, target, method.header+headers, body))
				if i%50 != 49 && i != *random-1 {
					continue
				}
				if n := app.Effects()["signup"]; n != before {
					t.Fatalf("%s is protected, and %d of these got through (seed %d):\n%q", stack.Route, n-before, *seed, sent)
				}
				sent = nil
			}
		})
	}
}
