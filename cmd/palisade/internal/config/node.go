package config

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// node is a place in the file. Its methods check the values that they read. They note
// mistakes with the place, and reading goes on.
type node struct {
	ast.Node
	r    *reader
	path string
}

// reader collects mistakes and the names of the files that were read.
type reader struct {
	file     string
	mistakes Mistakes
	files    []string
}

func (n node) mistake(format string, args ...any) {
	m := Mistake{Where: n.r.file, Path: n.path, Text: fmt.Sprintf(format, args...)}
	if t := n.token(); t != nil && t.Position != nil {
		m.line, m.column = t.Position.Line, t.Position.Column
		m.Where = n.place()
	}
	n.r.mistakes = append(n.r.mistakes, m)
}

// the token of a mapping is its first key, not the colon after it
func (n node) token() *token.Token {
	switch v := n.Node.(type) {
	case *ast.MappingValueNode:
		return v.Key.GetToken()
	case *ast.MappingNode:
		if len(v.Values) > 0 {
			return v.Values[0].Key.GetToken()
		}
	case *ast.SequenceNode:
		if len(v.Values) > 0 {
			return node{Node: v.Values[0]}.token()
		}
	}
	return n.GetToken()
}

// isMapping reports whether a node has keys. In a flow sequence, a single pair counts too.
func (n node) isMapping() bool {
	switch n.Node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

func (n node) place() string {
	t := n.token()
	if t == nil || t.Position == nil {
		return n.r.file
	}
	return fmt.Sprintf("%s:%d:%d", n.r.file, t.Position.Line, t.Position.Column)
}

// object calls the function of each key in the file. Other keys are mistakes.
func (n node) object(known map[string]func(node)) {
	var pairs []*ast.MappingValueNode
	switch v := n.Node.(type) {
	case *ast.MappingNode:
		pairs = v.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{v}
	case *ast.NullNode:
		return
	default:
		n.mistake("must be a mapping, with one \"key: value\" a line")
		return
	}
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	seen := make(map[string]string)
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		key := node{pair.Key, n.r, join(n.path, name)}
		read, ok := known[name]
		switch {
		case !ok:
			key.path = n.path
			key.mistake("there is no %q here; %s", name, nearest(name, names))
		case seen[name] != "":
			key.mistake("is there already, at %s", seen[name])
		default:
			seen[name] = key.place()
			read(node{pair.Value, n.r, key.path})
		}
	}
}

// members calls use for each key, with any name.
func (n node) members(use func(name string, n node)) {
	mapping, ok := n.Node.(*ast.MappingNode)
	if !ok {
		if !n.null() {
			n.mistake("must be a mapping, with one \"name: value\" a line")
		}
		return
	}
	for _, pair := range mapping.Values {
		name := pair.Key.GetToken().Value
		use(name, node{pair.Value, n.r, join(n.path, name)})
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// list calls use for each element. A value that is no list is a list of one.
func (n node) list(use func(node)) {
	seq, ok := n.Node.(*ast.SequenceNode)
	if !ok {
		if !n.null() {
			use(n)
		}
		return
	}
	for i, element := range seq.Values {
		use(node{element, n.r, fmt.Sprintf("%s[%d]", n.path, i)})
	}
}

func (n node) null() bool { _, ok := n.Node.(*ast.NullNode); return ok }

// text returns a single value as it is written.
func (n node) text() (string, bool) {
	switch v := n.Node.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		n.mistake("anchors, aliases and tags are not read here; write the value out")
	case *ast.NullNode:
		n.mistake("has no value")
	default:
		n.mistake("must be a single value")
	}
	return "", false
}

func (n node) string(to *string) {
	if s, ok := n.text(); ok {
		if *to = s; s == "" {
			n.mistake("is empty")
		}
	}
}

func (n node) strings(to *[]string) {
	n.list(func(e node) {
		var s string
		e.string(&s)
		*to = append(*to, s)
	})
}

func (n node) bool(to *bool) {
	s, ok := n.text()
	switch {
	case !ok:
	case s == "true", s == "false":
		*to = s == "true"
	default:
		n.mistake("%q must be true or false", s)
	}
}

func (n node) int(to *int, least int) {
	if s, ok := n.text(); ok {
		v, err := strconv.Atoi(s)
		if err != nil || v < least {
			n.mistake("%q must be a whole number, %d or more", s, least)
			return
		}
		*to = v
	}
}

func (n node) float(to *float64, least, most float64) {
	if s, ok := n.text(); ok {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v >= least && v <= most) {
			n.mistake("%q must be a number from %v to %v", s, least, most)
			return
		}
		*to = v
	}
}

func (n node) duration(to *time.Duration) {
	if s, ok := n.text(); ok {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			n.mistake("%q is not a length of time; write e.g. 500ms, 3s, 10m or 4h", s)
			return
		}
		*to = d
	}
}

var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}

func (n node) size(to *int64) {
	s, ok := n.text()
	if !ok {
		return
	}
	for _, unit := range units {
		if number, found := strings.CutSuffix(s, unit.name); found {
			v, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
			if err == nil && v > 0 && v <= (1<<40)/unit.bytes {
				*to = v * unit.bytes
				return
			}
			break
		}
	}
	n.mistake("%q is not a size; write e.g. 64KiB or 10MiB", s)
}

// choice reads one of a few words and returns its number.
func (n node) choice(to *int, words ...string) {
	s, ok := n.text()
	if !ok {
		return
	}
	if *to = slices.Index(words, s); *to < 0 {
		*to = 0
		n.mistake("%q must be %s", s, strings.Join(words, ", "))
	}
}

func (n node) upstream(to **url.URL) {
	n.parsed(to, func(s string) (*url.URL, error) { return parseUpstream(s, filepath.Dir(n.r.file)) })
}

func (n node) parsed(to **url.URL, parse func(string) (*url.URL, error)) {
	if s, ok := n.text(); ok {
		u, err := parse(s)
		if err != nil {
			n.mistake("%v", err)
			return
		}
		*to = u
	}
}

func (n node) collector(to *string) {
	var u *url.URL
	if n.parsed(&u, parseServer); u != nil {
		*to = u.Scheme + "://" + u.Host
	}
}

// parseUpstream reads where an app is: a server, or unix: and the name of a socket, which is
// relative to a folder.
func parseUpstream(s, folder string) (*url.URL, error) {
	file, isSocket := strings.CutPrefix(s, "unix:")
	if !isSocket {
		u, err := parseServer(s)
		if err != nil {
			err = fmt.Errorf("%w, or unix: and the name of a socket, e.g. unix:/run/app.sock", err)
		}
		return u, err
	}
	if file == "" || strings.HasPrefix(file, "//") {
		return nil, fmt.Errorf("%q must be unix: and the name of a socket, without a host, e.g. unix:/run/app.sock", s)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(folder, file)
	}
	file, err := filepath.Abs(file) // a name that begins with @ would be one of an abstract socket
	if err != nil {
		return nil, err
	}
	if most := len(syscall.RawSockaddrUnix{}.Path) - 1; len(file) > most {
		return nil, fmt.Errorf("%q has %d bytes, but the system takes at most %d for the name of a socket; put the socket into a folder with a shorter name", file, len(file), most)
	}
	// A missing socket is no mistake: the app makes it when it starts.
	if info, err := os.Stat(file); err == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("%s is no socket; name the socket on which the app listens", file)
	}
	return &url.URL{Scheme: "unix", Path: file, OmitHost: true}, nil
}

func parseServer(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%q must be http:// or https://, a host and no path, e.g. http://127.0.0.1:8000", s)
	}
	return u, nil
}

// maxSecret is the maximum size of a file with a secret.
const maxSecret = 64 << 10

// filename reads the name of a file that must exist. It is relative to the configuration's
// folder.
func (n node) filename(to *string) {
	s, ok := n.text()
	if !ok {
		return
	}
	if !filepath.IsAbs(s) {
		s = filepath.Join(filepath.Dir(n.r.file), s)
	}
	info, err := os.Stat(s)
	switch {
	case err != nil:
		n.mistake("%v", err)
	case info.IsDir():
		n.mistake("%s is a folder", s)
	default:
		*to = s
		n.r.files = append(n.r.files, s)
	}
}

// contents reads the text of a named file of limited size. It notes the mistake if it
// returns false.
func (n node) contents(what string, most int64) (text []byte, ok bool) {
	var file string
	if n.filename(&file); file == "" {
		return nil, false
	}
	info, err := os.Stat(file)
	if err != nil || info.Size() > most {
		n.mistake("%s is no %s: it has more than %d bytes", file, what, most)
		return nil, false
	}
	if text, err = os.ReadFile(file); err != nil {
		n.mistake("%v", err)
	}
	return text, err == nil
}

// maxAuthorities is the maximum size of a file with certificates. The file of a whole
// system has about 230 KB.
const maxAuthorities = 4 << 20

// authorities reads certificates from the named file. A certificate that cannot be read is
// a mistake, because otherwise connections would fail later for a reason that is hard to find.
func (n node) authorities(to **x509.CertPool) {
	text, ok := n.contents("list of certificates", maxAuthorities)
	if !ok {
		return
	}
	pool, found := x509.NewCertPool(), false
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			n.mistake("a certificate in the file cannot be read: %v", err)
			return
		}
		pool.AddCert(cert)
		found = true
	}
	if !found {
		n.mistake("the file has no certificate; it must have at least one in PEM, which begins with -----BEGIN CERTIFICATE-----")
		return
	}
	*to = pool
}

// secretFile reads a secret from the named file.
func (n node) secretFile(to *Secret, least int) {
	text, ok := n.contents("secret", maxSecret)
	if !ok {
		return
	}
	n.secret(to, strings.TrimRight(string(text), "\r\n"), least)
}

func (n node) secret(to *Secret, text string, least int) {
	if len(text) < least {
		n.mistake("the secret has %d bytes; at least %d are needed", len(text), least)
		return
	}
	*to = Secret(text)
}
