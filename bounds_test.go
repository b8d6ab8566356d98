package palisade_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/palisade-dev/palisade"
)

func TestBoundsOfABody(t *testing.T) {
	const most = 4096
	fields := func(n int) string { return strings.Repeat("&a=1", n) }
	nested := func(n int) string {
		return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"
	}
	members := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`"m%d":%d`, i, i)
		}
		return "{" + strings.Join(list, ",")
	}
	for _, test := range []struct {
		name, kind, body string
		why              palisade.Reason
	}{
		{"as long as it may be", "application/x-www-form-urlencoded", "a=" + strings.Repeat("x", most-2), palisade.ReasonTicketMissing},
		{"a byte longer", "application/x-www-form-urlencoded", "a=" + strings.Repeat("x", most-1), palisade.ReasonTooLarge},
		{"a thousand fields", "application/x-www-form-urlencoded", fields(1000), palisade.ReasonTicketMissing},
		{"a thousand and one", "application/x-www-form-urlencoded", fields(1001), palisade.ReasonUnreadable},
		{"nothing between more marks than that", "application/x-www-form-urlencoded", strings.Repeat("&", 2000), palisade.ReasonTicketMissing},
		{"lists in an object, 64 deep", "application/json", nested(63), palisade.ReasonTicketMissing},
		{"65 deep", "application/json", nested(64), palisade.ReasonUnreadable},
		{"objects in an object, 64 deep", "application/json", strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64), palisade.ReasonTicketMissing},
		{"objects, 65 deep", "application/json", strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), palisade.ReasonUnreadable},
		{"twenty members", "application/json", members(20) + "}", palisade.ReasonTicketMissing},
		{"twenty members, and the first once more", "application/json", members(20) + `,"m0":1}`, palisade.ReasonTicketMissing},
		{"a name inside an object, and the same behind it", "application/json", `{"a": {"b": 1}, "b": 2}`, palisade.ReasonTicketMissing},
		{"a boundary of 70 characters", "multipart/form-data; boundary=" + strings.Repeat("b", 70), "--" + strings.Repeat("b", 70) + "--", palisade.ReasonTicketMissing},
		{"one more", "multipart/form-data; boundary=" + strings.Repeat("b", 71), "--" + strings.Repeat("b", 71) + "--", palisade.ReasonUnsupported},
		{"a boundary in quotes", `multipart/form-data; boundary="b.b"`, "--b.b--", palisade.ReasonTicketMissing},
		{"a boundary beside a charset", `multipart/form-data; charset=utf-8; boundary=b`, "--b--", palisade.ReasonTicketMissing},
		{"a boundary before a charset", `multipart/form-data;boundary=b;charset=UTF-8`, "--b--", palisade.ReasonTicketMissing},
		{"a boundary of another character", `multipart/form-data; boundary="b&b"`, "--b&b--", palisade.ReasonUnsupported},
		{"a boundary with a comma, where Rack ends it", `multipart/form-data; boundary="a,b"`, "--a,b--", palisade.ReasonUnsupported},
		{"a parameter that ends in the word, which PHP takes for it", `multipart/form-data; xboundary=y; boundary=x`, "--x--", palisade.ReasonUnsupported},
		{"the word within another parameter", `multipart/form-data; foo="boundary=y,"; boundary=x`, "--x--", palisade.ReasonUnsupported},
		{"an upload that is called JSON, too", `application/json; x="multipart/form-data; boundary=x"`, "{}", palisade.ReasonUnsupported},
		{"a form that is called JSON, too", `application/json; x=x-www-form-urlencoded`, "{}", palisade.ReasonUnsupported},
		{"JSON with a parameter", `application/vnd.api+json; ext=bulk`, "{}", palisade.ReasonTicketMissing},
		{"no boundary, and what may be the end of one", "multipart/form-data", "----", palisade.ReasonUnsupported},
		{"a charset that all readers take for ASCII", "application/x-www-form-urlencoded", "_charset_=windows-1252&a=1", palisade.ReasonTicketMissing},
		{"a charset that some would decode by", "application/x-www-form-urlencoded", "_charset_=utf-16le&a=1", palisade.ReasonUnreadable},
	} {
		for _, announced := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, announced: %v", test.name, announced), func(t *testing.T) {
				s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.MaxBody = most })
				s.postBody(test.kind, test.body, func(r *http.Request) {
					if !announced {
						r.ContentLength = -1
					}
				})
				if got := s.last().Reason; got != test.why {
					t.Errorf("because %s, want %s", got, test.why)
				}
			})
		}
	}
}

// A type that readers take differently is refused without a body, too: nothing about
// the request is sure.
func TestContentTypesOfNoBody(t *testing.T) {
	for _, test := range []struct {
		name, kind, encoding string
		why                  palisade.Reason
	}{
		{"no type", "", "", palisade.ReasonTicketMissing},
		{"a form", "application/x-www-form-urlencoded", "", palisade.ReasonTicketMissing},
		{"an encoding", "application/x-www-form-urlencoded", "gzip", palisade.ReasonUnsupported},
		{"what is no type", "application/", "", palisade.ReasonUnsupported},
		{"a parameter in another encoding", "application/json; charset*=utf-8''utf-8", "", palisade.ReasonUnsupported},
		{"another charset", "application/json; charset=utf-16", "", palisade.ReasonUnsupported},
		{"an odd boundary", `multipart/form-data; boundary="a b"`, "", palisade.ReasonUnsupported},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.postBody(test.kind, "", func(r *http.Request) {
				if test.kind == "" {
					r.Header.Del("Content-Type")
				}
				if test.encoding != "" {
					r.Header.Set("Content-Encoding", test.encoding)
				}
			})
			if got := s.last().Reason; got != test.why {
				t.Errorf("because %s, want %s", got, test.why)
			}
		})
	}
}

func TestPartsThatReadersTakeDifferently(t *testing.T) {
	const disposition = `Content-Disposition: form-data; name="a"`
	for _, test := range []struct {
		name, part string
		why        palisade.Reason
	}{
		{"a part as it should be", "\r\n" + disposition + "\r\n\r\n1\r\n", palisade.ReasonTicketMissing},
		{"a space behind the boundary", " \r\n" + disposition + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"no line end before the next boundary", "\r\n" + disposition + "\r\n\r\n1", palisade.ReasonUnreadable},
		{"nothing between two boundaries", "", palisade.ReasonUnreadable},
		{"no empty line", "\r\n" + disposition + "\r\n", palisade.ReasonUnreadable},
		{"a line without a colon", "\r\nX\r\n" + disposition + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a line without a colon behind", "\r\n" + disposition + "\r\nX\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a space before the colon", "\r\n" + strings.Replace(disposition, ":", " :", 1) + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a header with a line feed alone", "\r\nX: a\nb\r\n" + disposition + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a header with a NUL", "\r\nX: a\x00\r\n" + disposition + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"two dispositions", "\r\n" + disposition + "\r\n" + disposition + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a disposition of another kind", "\r\n" + strings.Replace(disposition, "form-data", "attachment", 1) + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a disposition that cannot be read", "\r\n" + disposition + `; x="` + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a delete character in the header", "\r\nX: \x7f\r\n" + disposition + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a tab in the header", "\r\nX:\ta\r\n" + disposition + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a vertical tab in the name, which Django strips", "\r\n" + strings.Replace(disposition, `"a"`, "\"\va\"", 1) + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a name that is an encoded word to Tomcat", "\r\n" + strings.Replace(disposition, `"a"`, `"=?utf-8?Q?a?="`, 1) + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"an apostrophe behind a quoted string", "\r\n" + disposition + "; filename=it's.txt\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"another parameter", "\r\n" + disposition + "; x=y\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"another name within a parameter, where Rack finds it", "\r\n" + disposition + "; filename=\"; name=b\"\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a name of a file in another encoding", "\r\n" + disposition + "; filename*=utf-8''x\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a file whose name has the word in it", "\r\n" + disposition + "; filename=\"surname=b\"\r\n\r\n1\r\n", palisade.ReasonTicketMissing},
		{"a file of any type", "\r\n" + disposition + "; filename=\"x\"\r\nContent-Type: text/plain; charset=utf-16le\r\n\r\n1\r\n", palisade.ReasonTicketMissing},
		{"a field of a type", "\r\n" + disposition + "\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n1\r\n", palisade.ReasonTicketMissing},
		{"a field of JSON", "\r\n" + disposition + "\r\nContent-Type: application/json\r\n\r\n1\r\n", palisade.ReasonTicketMissing},
		{"a field in another charset, which busboy decodes", "\r\n" + disposition + "\r\nContent-Type: text/plain; charset=utf-16le\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a field of parts", "\r\n" + disposition + "\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"two types", "\r\n" + disposition + "\r\nContent-Type: text/plain\r\nContent-Type: text/plain; charset=utf-16le\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a type that cannot be read", "\r\n" + disposition + "\r\nContent-Type: text/\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"no disposition", "\r\nX: a\r\n\r\n1\r\n", palisade.ReasonUnreadable},
		{"a backslash in the name", "\r\n" + strings.Replace(disposition, `"a"`, `"a\\b"`, 1) + "\r\n\r\n1\r\n", palisade.ReasonUnreadable},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.postBody("multipart/form-data; boundary=x", "--x"+test.part+"--x--\r\n")
			if got := s.last().Reason; got != test.why {
				t.Errorf("because %s, want %s", got, test.why)
			}
		})
	}
}

// closing is a body that tells whether it was closed, and ends in an error once.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestABodyThatWasReadIsClosed(t *testing.T) {
	s := newSite(t)
	body := &closing{Reader: strings.NewReader("a=1")}
	s.postBody("application/x-www-form-urlencoded", "a=1", func(r *http.Request) { r.Body = body })
	if !body.closed {
		t.Error("it stays open")
	}
}

func TestARequestWithoutABody(t *testing.T) {
	s := newSite(t)
	s.postBody("application/x-www-form-urlencoded", "", func(r *http.Request) { r.Body = nil })
	s.expect(s.postBody("application/x-www-form-urlencoded", "", func(r *http.Request) { r.Body = http.NoBody }), 403, palisade.ReasonTicketMissing, 0)
}

// A form that only watches hands on what it could not read. The handler must find out,
// too, that it is not whole.
func TestWhatBrokeOffIsHandedOnAsSuch(t *testing.T) {
	gone := errors.New("gone")
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Monitor = true })
	var text []byte
	var err error
	s.handler = s.form.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { text, err = io.ReadAll(r.Body) }))
	s.postBody("application/x-www-form-urlencoded", "", func(r *http.Request) {
		once := iotest.ErrReader(gone)
		rest := io.MultiReader(strings.NewReader("a=1"), readerFunc(func(p []byte) (int, error) {
			if once == nil {
				return 0, io.EOF
			}
			defer func() { once = nil }()
			return once.Read(p)
		}))
		r.ContentLength, r.Body = -1, io.NopCloser(rest)
	})
	if string(text) != "a=1" || !errors.Is(err, gone) {
		t.Errorf("%q, %v; want what was read, and the error", text, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Under a spent ticket the same form again is a double click, and another one is not.
func TestOtherFieldsUnderASpentTicketAreNoDoubleClick(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	s.wait(20 * time.Second)
	send := func() *httptest.ResponseRecorder {
		kind, body := multipartBody(v, "")
		return s.postBody(kind, body)
	}
	s.expect(send(), 303, palisade.ReasonClean, 1)
	v.Set("username", "eve")
	s.expect(send(), 403, palisade.ReasonTicketSpent, 1)
}

func TestTheLongestBodyIsSealedWhole(t *testing.T) {
	const most = 96 << 10
	s, app := transparent(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.MaxBody = most })
	body := "a=" + strings.Repeat("x", most-2)
	v := s.load()
	w := s.postBody("application/x-www-form-urlencoded", body, header("Palisade-Ticket", v.Get("palisade-ticket")))
	if w.Code != 403 || len(w.Result().Cookies()) != 1 {
		t.Fatalf("status %d because %s", w.Code, s.last().Reason)
	}
	again := s.fill(w.Body.String())
	s.wait(time.Minute)
	chunked := func(r *http.Request) { r.ContentLength, r.TransferEncoding = -1, []string{"chunked"} }
	s.expect(sendAgain(s, again, w.Result().Cookies()[0], chunked), 200, palisade.ReasonClean, 1)
	if app.body != body {
		t.Errorf("the app got %d bytes of %d", len(app.body), len(body))
	}
	// What is longer than that can be is not read to its end.
	again.Set("palisade-capsule", again.Get("palisade-capsule")+strings.Repeat("A", 20<<10))
	s.expect(sendAgain(s, again, w.Result().Cookies()[0], chunked), 413, palisade.ReasonTooLarge, 1)
}

func TestHowMuchIsSealedWithoutATicket(t *testing.T) {
	for _, test := range []struct {
		name   string
		length int
		status int
		sealed bool
	}{
		{"as much as a form that was typed", 64 << 10, 403, true},
		{"a byte more, of which names and values are as much", 64<<10 + 1, 403, false},
		{"two bytes more", 64<<10 + 2, 413, false},
	} {
		s, _ := transparent(t)
		w := s.postBody("application/x-www-form-urlencoded", "a="+strings.Repeat("x", test.length-2))
		if sealed := capsule.MatchString(w.Body.String()); w.Code != test.status || sealed != test.sealed {
			t.Errorf("%s: status %d because %s, sealed %v, want %d, %v", test.name, w.Code, s.last().Reason, sealed, test.status, test.sealed)
		}
	}
}

func TestASubmissionWithoutATypeStaysWithoutOne(t *testing.T) {
	s, app := transparent(t)
	w := s.postBody("", "", func(r *http.Request) { r.Header.Del("Content-Type") })
	if w.Code != 403 || len(w.Result().Cookies()) != 1 {
		t.Fatalf("status %d", w.Code)
	}
	again := s.fill(w.Body.String())
	s.wait(time.Minute)
	s.expect(sendAgain(s, again, w.Result().Cookies()[0]), 200, palisade.ReasonClean, 1)
	if lines, there := app.header["Content-Type"]; there || app.body != "" {
		t.Errorf("the app got %q of type %q", app.body, lines)
	}
}

func TestTheCookieOfACapsule(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		cookie string
		secure bool
	}{
		{"over TLS", func(r *http.Request) { r.TLS = new(tls.ConnectionState); r.Header.Del("Origin") }, "__Host-palisade", true},
		{"where the browser says so", func(*http.Request) {}, "__Host-palisade", true},
		{"without TLS", header("Origin", "http://example.com"), "palisade", false},
		{"where nobody says", func(r *http.Request) { r.Header.Del("Origin") }, "palisade", false},
	} {
		s, _ := transparent(t)
		cookies := s.postBody("application/x-www-form-urlencoded", "a=1", test.change).Result().Cookies()
		if len(cookies) != 1 || cookies[0].Name != test.cookie || cookies[0].Secure != test.secure || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
			t.Errorf("%s: %v, want %s", test.name, cookies, test.cookie)
		}
	}
}
