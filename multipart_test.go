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

// Parsers differ over everything that clients do not write.
func TestUploadsThatNoClientWrites(t *testing.T) {
	const more = "------stakes\r\nContent-Disposition: form-data; name=\"bio\"\r\n"
	for _, test := range []struct{ name, before string }{
		{"a preamble", "hello\r\n"},
		{"a line before everything", "\r\n"},
		{"two types of a part", more + "Content-Type: text/plain\r\nContent-Type: text/plain\r\n\r\nx\r\n"},
		{"an empty type of a part", more + "Content-Type: \r\n\r\nx\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			kind, body := multipartBody(typed(s.load()), "")
			s.wait(20 * time.Second)
			s.expect(s.postBody(kind, test.before+body), 400, palisade.ReasonUnreadable, 0)
		})
	}
}
