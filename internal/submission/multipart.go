package submission

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
)

// maxPartHeader bounds the header lines of one part of a multipart body.
const maxPartHeader = 8 << 10

// readMultipart reads multipart/form-data in the one way in which browsers and
// HTTP clients write it. Parsers differ over everything else (a preamble, bare
// line feeds, folded headers, a delimiter in the midst of a line), so all else is
// refused.
func (s *Submission) readMultipart(body []byte) error {
	delimiter := []byte("--" + s.boundary)
	if !bytes.HasPrefix(body, delimiter) {
		return ErrUnreadable
	}
	for from := 0; ; {
		rest := body[from+len(delimiter):]
		if string(rest) == "--" || string(rest) == "--\r\n" {
			return nil
		}
		length := bytes.Index(rest, delimiter)
		if length < 0 {
			return ErrUnreadable // it breaks off
		}
		part, ok := bytes.CutPrefix(rest[:length], []byte("\r\n"))
		part, ends := bytes.CutSuffix(part, []byte("\r\n"))
		if !ok || !ends {
			return ErrUnreadable
		}
		to := from + len(delimiter) + length
		if err := s.readPart(part, from, to); err != nil {
			return err
		}
		from = to
	}
}

func (s *Submission) readPart(part []byte, from, to int) error {
	header, value, found := bytes.Cut(part, []byte("\r\n\r\n"))
	if !found || len(header) > maxPartHeader {
		return ErrUnreadable
	}
	f, ok := readPartHeader(string(header))
	if !ok {
		return ErrUnreadable
	}
	f.from, f.to = from, to
	switch {
	case f.Name == Capsule && !f.File:
		if s.capsule != nil || len(s.fields) > 0 {
			return ErrAmbiguous
		}
		s.capsule = value
	case !f.File:
		f.Value = string(value)
	}
	return s.add(f)
}

// readPartHeader returns the field that a part's header lines name. ok is false
// where readers would disagree about it.
func readPartHeader(header string) (f Field, ok bool) {
	kind := ""
	for line := range strings.SplitSeq(header, "\r\n") {
		name, value, found := strings.Cut(line, ":")
		if !found || strings.ContainsFunc(line, isControl) || strings.Contains(name, " ") {
			return f, false
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-transfer-encoding":
			return f, false
		case "content-type":
			if kind != "" || value == "" {
				return f, false
			}
			kind = value
		case "content-disposition":
			if ok {
				return f, false
			}
			if f, ok = readDisposition(value); !ok {
				return f, false
			}
		}
	}
	return f, ok && (f.File || isTextType(kind))
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// ofName is how a name begins in a disposition, also within a quoted string, where some
// readers look for it.
var ofName = regexp.MustCompile(`(?i)[;\s]name\s*=`)

// readDisposition takes the name, and whether there is the name of a file. Nothing else
// may stand there. Readers take a backslash in a name for itself, or for an escape. Of a
// part without a name some take another header for it (Rack: Content-ID), and "=?" begins
// an encoded word to Tomcat.
func readDisposition(value string) (f Field, ok bool) {
	kind, params, err := mime.ParseMediaType(value)
	if err != nil || kind != "form-data" || strings.Contains(value, "*") || hasOtherQuotes(value) || len(ofName.FindAllString(value, 2)) != 1 || strings.Contains(value, "=?") {
		return f, false
	}
	f.Name = params["name"]
	delete(params, "name")
	_, f.File = params["filename"]
	delete(params, "filename")
	return f, len(params) == 0 && f.Name != "" && !strings.Contains(f.Name, `\`)
}

// isTextType reports the type of a field that every reader decodes alike: in the charset
// that is given, some do.
func isTextType(kind string) bool {
	if kind == "" {
		return true
	}
	kind, params, err := mime.ParseMediaType(kind)
	return err == nil && !strings.HasPrefix(kind, "multipart/") &&
		isPlainCharset(params["charset"], plainCharsets...)
}

// hasOtherQuotes reports a disposition with an apostrophe outside of a quoted string.
// PHP takes it for a quotation mark, others for itself.
func hasOtherQuotes(value string) bool {
	for i, piece := range strings.Split(value, `"`) {
		if strings.Contains(piece, "'") && (i%2 == 0 || strings.Contains(value, `\`)) { // an escaped mark ends nothing
			return true
		}
	}
	return false
}
