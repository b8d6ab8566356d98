package submission

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

var bodyKinds = []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=stakes", "application/json"}

// The law: a field that decides has, for us, the value that a handler reads. Where
// the two could differ, the submission is refused.
func FuzzSubmission(f *testing.F) {
	f.Add(uint8(0), []byte("email=a%40b.c&x=1&palisade-ticket=t"))
	f.Add(uint8(0), []byte("email=a&email=b"))
	f.Add(uint8(0), []byte("=&&email"))
	f.Add(uint8(1), []byte("--stakes\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b.c\r\n--stakes--\r\n"))
	f.Add(uint8(1), []byte("--stakes\r\nContent-Disposition: form-data; name=\"email\"; filename=\"x\"\r\n\r\na\r\n--stakes--\r\n"))
	f.Add(uint8(2), []byte(`{"email":"a@b.c","Email":"x","deep":{"email":"y"},"list":[1,{"a":null}]}`))
	f.Add(uint8(2), []byte(`{"email":7}`))
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		kind %= uint8(len(bodyKinds))
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", bodyKinds[kind])
		s := new(Submission)
		err := s.Read(r, 1<<20, 1000)
		if err != nil {
			for _, class := range []error{ErrTooLarge, ErrUnsupported, ErrUnreadable, ErrAmbiguous} {
				if errors.Is(err, class) {
					return
				}
			}
			t.Fatalf("an error of no class: %v", err)
		}
		ours, err := s.One("email", nil)
		if err != nil {
			return
		}
		if theirs, ok := handlerReads(t, r, kind, body); ok && theirs != ours {
			t.Fatalf("%s %q: judged %q, the handler reads %q", bodyKinds[kind], body, ours, theirs)
		}
	})
}

// handlerReads returns the value that a handler finds in the request that was put back.
// ok is false where it finds no text.
func handlerReads(t *testing.T, r *http.Request, kind uint8, body []byte) (value string, ok bool) {
	if kind != 2 {
		value = r.FormValue("email")
		if r.MultipartForm != nil && len(r.MultipartForm.File["email"]) > 0 && value == "" {
			return "", false
		}
		return value, true
	}
	back, err := io.ReadAll(r.Body)
	if err != nil || !bytes.Equal(back, body) {
		t.Fatalf("the body put back is %q, %v; it was %q", back, err, body)
	}
	if len(body) == 0 {
		return "", false
	}
	var form struct{ Email *string }
	if err := json.Unmarshal(back, &form); err != nil {
		return "", false
	}
	if form.Email == nil {
		return "", true
	}
	return *form.Email, true
}

func TestBodyOverTheLimitIsNotReadWhole(t *testing.T) {
	for name, length := range map[string]int64{"announced": 1 << 30, "not announced": -1} {
		read := &counter{r: io.LimitReader(endless{}, 1<<30)}
		r := httptest.NewRequest(http.MethodPost, "/", io.NopCloser(read))
		r.ContentLength = length
		r.Header.Set("Content-Type", bodyKinds[0])
		if err := new(Submission).Read(r, 1000, 1000); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if read.n > 64<<10 {
			t.Errorf("%s: %d bytes were read to refuse at 1000", name, read.n)
		}
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

func TestManyFieldsAreRefused(t *testing.T) {
	members := func(n int) string { // of an object
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"a%d":1`, i)
		}
		return "{" + strings.TrimPrefix(b.String(), ",") + "}"
	}
	for _, row := range []struct {
		name, kind, body string
		limit            int
		ok               bool
	}{
		{"as many fields as may be", bodyKinds[0], strings.Repeat("a=1&", 1000), 1000, true},
		{"a field more", bodyKinds[0], strings.Repeat("a=1&", 1001), 1000, false},
		{"a higher limit", bodyKinds[0], strings.Repeat("a=1&", 1001), 1001, true},
		{"as many members as may be", bodyKinds[2], members(1000), 1000, true},
		{"a member more", bodyKinds[2], members(1001), 1000, false},
		{"a higher limit of members", bodyKinds[2], members(1001), 1001, true},
		{"members of an object inside, which are the app's alone", bodyKinds[2], `{"a":[{"b":` + members(1001) + "}]}", 1000, true},
		{"a depth that is too large", bodyKinds[2], `{"a":[` + strings.Repeat("[", maxJSONDepth+1) + strings.Repeat("]", maxJSONDepth+1) + `]}`, 1000, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(row.body))
		r.Header.Set("Content-Type", row.kind)
		err := new(Submission).Read(r, 1<<20, row.limit)
		if (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
		var s Submission
		if err := s.Parse(row.kind, []byte(row.body), MostFields); err == nil && (s.Fits(row.limit) == nil) != row.ok {
			t.Errorf("%s: Fits says %v", row.name, s.Fits(row.limit))
		}
	}
}

// A body of as many fields as any form may take, read and looked through for the fields
// that decide. Compare the time with that of the thousand fields of the default.
func BenchmarkManyFields(b *testing.B) {
	for _, name := range []string{"f%d", "Ünï Ⓐ[%d]"} { // the second one must be folded
		for _, n := range []int{1000, MostFields} {
			var pairs, parts, members strings.Builder
			for i := range n {
				name := fmt.Sprintf(name, i)
				fmt.Fprintf(&pairs, "%s=1&", url.QueryEscape(name))
				fmt.Fprintf(&parts, "--stakes\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n1\r\n", name)
				fmt.Fprintf(&members, `,"%s":"1"`, name)
			}
			for _, body := range []struct{ kind, text string }{
				{bodyKinds[0], pairs.String()}, {bodyKinds[1], parts.String() + "--stakes--\r\n"}, {bodyKinds[2], "{" + members.String()[1:] + "}"},
			} {
				kind, _, _ := strings.Cut(body.kind, ";")
				b.Run(fmt.Sprintf("%s/%s/%d", kind, name[:1], n), func(b *testing.B) {
					b.SetBytes(int64(len(body.text)))
					for b.Loop() {
						var s Submission
						if err := s.Parse(body.kind, []byte(body.text), n); err != nil {
							b.Fatal(err)
						}
						for range 8 {
							if _, err := s.One("palisade-ticket", nil); err != nil {
								b.Fatal(err)
							}
						}
					}
				})
			}
		}
	}
}

// The law: a body into which a field of ours was put, anywhere, is the body before
// once it is taken out again.
func FuzzWithout(f *testing.F) {
	f.Add(uint8(0), uint8(1), []byte("a=1&&b=%E4&a="))
	f.Add(uint8(1), uint8(0), []byte("--stakes\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--stakes--\r\n"))
	f.Add(uint8(2), uint8(2), []byte(`{"a": {"b":"{,"} , "c":[1]}`))
	f.Fuzz(func(t *testing.T, kind, place uint8, body []byte) {
		mediaType, boundary := bodyKinds[kind%3], ""
		if kind%3 == 1 {
			mediaType, boundary = "multipart/form-data", "stakes"
		}
		before := new(Submission)
		if err := before.parse(body, mediaType, boundary, 1000); err != nil || len(body) == 0 {
			return
		}
		own := func(name string) bool { return name == "palisade-proof" }
		for _, field := range before.fields {
			if own(field.Name) {
				return
			}
		}
		after := new(Submission)
		if err := after.parse(putProof(before, int(place)), mediaType, boundary, 1001); err != nil {
			t.Fatalf("%v: %q", err, putProof(before, int(place)))
		}
		got := after.Without(own)
		if mediaType == "application/json" { // white space between members is not kept
			var one, other bytes.Buffer
			if json.Compact(&one, got) != nil || json.Compact(&other, body) != nil {
				t.Fatalf("%q is no JSON any more", got)
			}
			got, body = one.Bytes(), other.Bytes()
		}
		if !bytes.Equal(got, body) {
			t.Fatalf("%q became %q", body, got)
		}
	})
}

// putProof puts a field of ours before the field of a number, or behind all.
func putProof(s *Submission, place int) []byte {
	at, last := 0, len(s.fields) == 0 || place >= len(s.fields)
	switch {
	case !last:
		at = s.fields[place].from
	case len(s.fields) > 0:
		at = s.fields[len(s.fields)-1].to
	case s.json:
		at = 1 + bytes.IndexByte(s.body, '{')
	}
	field := "palisade-proof" + "=x"
	switch {
	case s.json:
		at += len(s.body[at:]) - len(bytes.TrimLeft(s.body[at:], " \t\r\n,{"))
		if field = `"palisade-proof":"x"`; last && len(s.fields) > 0 {
			at, field = s.fields[len(s.fields)-1].to, ","+field
		} else if len(s.fields) > 0 {
			field += ","
		}
	case s.boundary != "":
		field = "--stakes\r\nContent-Disposition: form-data; name=\"palisade-proof\"\r\n\r\nx\r\n"
	case last && at > 0:
		field = "&" + field
	default:
		field += "&"
	}
	return []byte(string(s.body[:at]) + field + string(s.body[at:]))
}
