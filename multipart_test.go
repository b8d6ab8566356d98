package palisade_test

import (
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

func TestDispositionsThatClientsWrite(t *testing.T) {
	for _, test := range []struct{ name, disposition string }{
		{"as browsers write it", `form-data; name="bio"`},
		{"without quotes, as .NET writes it", `form-data; name=bio`},
		{"with an apostrophe in quotes", `form-data; name="bio's"; filename="it's.txt"`},
		{"with an escaped quotation mark", `form-data; name="bio"; filename="a\"b.txt"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			kind, body := multipartBody(typed(s.load()), "")
			body = "------stakes\r\nContent-Disposition: " + test.disposition + "\r\n\r\nx\r\n" + body
			s.wait(20 * time.Second)
			s.expect(s.postBody(kind, body), 303, palisade.ReasonClean, 1)
		})
	}
}
