package engine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Shot is one request to the target, before it is written to the wire. Probes change its
// fields.
type Shot struct {
	Method  string
	Target  string // path and query, exactly as sent
	Host    string
	Proto   string // default HTTP/1.1
	Header  []Field
	Cookies map[string]string
	From    netip.Addr

	Fields []Field                        // the typed fields, the hidden fields and the token
	Encode func([]Field) (string, []byte) // default form-urlencoded
	Canary string                         // the unique text in it
	Parts  []string                       // canaries of the single items of a batch

	Body        []byte // used as it is when Encode is nil
	Loose       bool   // Bytes adds no Content-Length: the probe writes its own framing
	TokenFields []string
	Complete    func([]byte) []byte // last change of the bytes
}

// canaries are the texts that identify the effects of the shot.
func (s *Shot) canaries() []string {
	if s.Parts != nil {
		return s.Parts
	}
	return []string{s.Canary}
}

// Set gives a header a value.
func (s *Shot) Set(name, value string) {
	for i := range s.Header {
		if strings.EqualFold(s.Header[i].Name, name) {
			s.Header[i].Value = value
			return
		}
	}
	s.Header = append(s.Header, Field{name, value})
}

// Add adds a header, even if the shot has it already.
func (s *Shot) Add(name, value string) { s.Header = append(s.Header, Field{name, value}) }

// Put gives a field a value.
func (s *Shot) Put(name, value string) { s.Fields = setField(s.Fields, name, value) }

// Drop removes a field.
func (s *Shot) Drop(name string) {
	s.Fields = slices.DeleteFunc(s.Fields, func(f Field) bool { return f.Name == name })
}

// PutToken replaces every part of the token with a text.
func (s *Shot) PutToken(text string) {
	for _, name := range s.TokenFields {
		s.Put(name, text)
	}
}

// TakeToken removes the fields of the token from the shot, and returns them.
func (s *Shot) TakeToken() []Field {
	var token []Field
	for _, f := range s.Fields {
		if slices.Contains(s.TokenFields, f.Name) {
			token = append(token, f)
		}
	}
	for _, name := range s.TokenFields {
		s.Drop(name)
	}
	return token
}

// Query puts fields into the URL.
func (s *Shot) Query(fields []Field) {
	sep := "?"
	if strings.Contains(s.Target, "?") {
		sep = "&"
	}
	s.Target += sep + urlencoded(fields)
}

func urlencoded(fields []Field) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(f.Name) + "=" + url.QueryEscape(f.Value))
	}
	return b.String()
}

// EncodeForm encodes a body as application/x-www-form-urlencoded, the default of browsers.
func EncodeForm(fields []Field) (string, []byte) {
	return "application/x-www-form-urlencoded", []byte(urlencoded(fields))
}

// EncodeJSON encodes a body as one JSON object.
func EncodeJSON(fields []Field) (string, []byte) { return "application/json", JSONObject(fields) }

// JSONObject returns a JSON object that keeps the order of the fields, and repeated fields.
func JSONObject(fields []Field) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(JSONText(f.Name))
		b.WriteByte(':')
		b.Write(JSONText(f.Value))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// JSONText returns a text as a JSON string.
func JSONText(s string) []byte { b, _ := json.Marshal(s); return b }

// EncodeMultipart encodes a body as multipart/form-data.
func EncodeMultipart(fields []Field) (string, []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.SetBoundary("palisade-audit-7MA4YWxkTrZu0gW")
	for _, f := range fields {
		_ = w.WriteField(f.Name, f.Value) // cannot fail: writes to memory
	}
	_ = w.Close()
	return w.FormDataContentType(), b.Bytes()
}

// encodings are the encodings of a form.
var encodings = map[string]func([]Field) (string, []byte){"form": EncodeForm, "multipart": EncodeMultipart, "json": EncodeJSON}

// EncodeAs returns an encoding with another content type in the header.
func EncodeAs(contentType string, encode func([]Field) (string, []byte)) func([]Field) (string, []byte) {
	return func(fields []Field) (string, []byte) {
		_, body := encode(fields)
		return contentType, body
	}
}

// Bytes writes the request.
func (s *Shot) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s\r\nHost: %s\r\n", s.Method, s.Target, cmp.Or(s.Proto, "HTTP/1.1"), s.Host)
	contentType, body := "", s.Body
	if s.Encode != nil {
		contentType, body = s.Encode(s.Fields)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(s.Header, func(f Field) bool { return strings.EqualFold(f.Name, name) })
	}
	if contentType != "" && !has("Content-Type") {
		s.Set("Content-Type", contentType)
	}
	if !has("User-Agent") {
		s.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 palisade-audit")
	}
	if !has("Accept-Language") { // every browser sends it
		s.Set("Accept-Language", "en")
	}
	for _, h := range s.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, h.Value)
	}
	if len(s.Cookies) > 0 {
		var pairs []string
		for name, value := range s.Cookies {
			pairs = append(pairs, name+"="+value)
		}
		slices.Sort(pairs)
		fmt.Fprintf(&b, "Cookie: %s\r\n", strings.Join(pairs, "; "))
	}
	if !s.Loose && (body != nil || s.Encode != nil) {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	if !has("Connection") {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	if s.Complete != nil {
		return s.Complete(b.Bytes())
	}
	return b.Bytes()
}

func setField(fields []Field, name, value string) []Field {
	for i := range fields {
		if fields[i].Name == name {
			fields[i].Value = value
			return fields
		}
	}
	return append(fields, Field{name, value})
}
