package palisade_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/palisade-dev/palisade"
)

// A body without a length is looked into before it is read, to see whether it brings a
// capsule. What breaks off then is not taken for a body that ends there.
func TestABodyThatBreaksOffAtItsBeginningIsUnreadable(t *testing.T) {
	s, _ := transparent(t)
	v := typed(s.load())
	s.wait(time.Minute)
	whole := v.Encode()
	for _, row := range []struct {
		name    string
		rest    io.Reader
		status  int
		why     palisade.Reason
		effects int64
	}{
		{"one that breaks off is unreadable", iotest.ErrReader(errors.New("gone")), 400, palisade.ReasonUnreadable, 0},
		{"one that goes on is read to its end", strings.NewReader("&more=1"), 200, palisade.ReasonClean, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := s.postBody("application/x-www-form-urlencoded", whole, func(r *http.Request) {
				r.ContentLength = -1
				r.Body = io.NopCloser(io.MultiReader(strings.NewReader(whole), row.rest))
			})
			s.expect(w, row.status, row.why, row.effects)
		})
	}
}

func TestHeadersOfAPartHaveABound(t *testing.T) {
	for _, row := range []struct {
		name   string
		length int
		status int
	}{
		{"as long as they may be", 8 << 10, 303},
		{"a byte longer", 8<<10 + 1, 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			v := typed(s.load())
			s.wait(time.Minute)
			kind, body := multipartBody(v, "")
			header := `Content-Disposition: form-data; name="long"` + "\r\nX-Pad: "
			part := header + strings.Repeat("x", row.length-len(header))
			body = strings.Replace(body, "------stakes--", "------stakes\r\n"+part+"\r\n\r\nvalue\r\n------stakes--", 1)
			if w := s.postBody(kind, body); w.Code != row.status {
				t.Errorf("status %d because %s, want %d", w.Code, s.last().Reason, row.status)
			}
		})
	}
}

func TestALongContentTypeIsNotSealed(t *testing.T) {
	for _, row := range []struct {
		name   string
		length int
		sealed bool
	}{
		{"as long as it may be", 1 << 10, true},
		{"a byte longer, and the page has plain fields", 1<<10 + 1, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, _ := transparent(t)
			kind := "application/x-www-form-urlencoded; x="
			kind += strings.Repeat("a", row.length-len(kind))
			w := s.postBody(kind, "user=ada")
			if sealed := capsule.MatchString(w.Body.String()); w.Code != 403 || sealed != row.sealed || !sealed && !strings.Contains(w.Body.String(), `name="user" value="ada"`) {
				t.Errorf("status %d, sealed %v", w.Code, sealed)
			}
		})
	}
}
