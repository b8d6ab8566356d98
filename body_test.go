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

// Peek chooses a form, and the form reads the body again. What broke off must not look
// like a whole body then.
func TestPeekPutsBackWhatItRead(t *testing.T) {
	guard := newSite(t).guard
	gone := errors.New("gone")
	for _, row := range []struct {
		name  string
		rest  io.Reader
		limit int64
		text  string
		err   error
	}{
		{"a whole body", strings.NewReader("&b=2"), 100, "a=1&b=2", nil},
		{"a body over the limit", strings.NewReader("&b=2"), 5, "a=1&b=2", nil},
		{"a body that breaks off", iotest.ErrReader(gone), 100, "a=1", gone},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, _ := http.NewRequest("POST", "/", io.NopCloser(io.MultiReader(strings.NewReader("a=1"), row.rest)))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.ContentLength = -1
			peeked, err := guard.Read(r, row.limit)
			if whole := row.err == nil && row.limit == 100; (err == nil) != whole || whole == (peeked == nil) {
				t.Fatalf("%v, %v", peeked, err)
			}
			text, err := io.ReadAll(r.Body)
			if string(text) != row.text || !errors.Is(err, row.err) {
				t.Errorf("read again: %q, %v; want %q, %v", text, err, row.text, row.err)
			}
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
