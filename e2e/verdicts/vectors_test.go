package verdicts_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/verdict"
)

var (
	update = flag.Bool("update", false, "write deploy/verdict/vectors.json anew")
	full   = flag.Bool("full", false, "try Ruby and Java too")
)

const deployed = "../../deploy/verdict"

// vector is a request and the expected result of every checker.
type vector struct {
	Name    string   `json:"name"`
	Keys    []string `json:"keys"`
	Form    string   `json:"form"`   // that the app expects
	Judged  bool     `json:"judged"` // a verdict of a monitored form is refused
	Headers []string `json:"headers"`
	Method  string   `json:"method"`
	Host    string   `json:"host"`
	Target  string   `json:"target"`   // as in the request line
	Path    string   `json:"path_hex"` // as it is signed
	Body    string   `json:"body_hex"`
	Now     float64  `json:"now"`
	Want    *said    `json:"want"` // null to refuse
}

type said struct {
	Site string `json:"site"`
	Form string `json:"form"`
	ID   string `json:"id"`
	Mode string `json:"mode"`
	T    int64  `json:"t"`
}

const signedAt = 1795478400

var (
	key    = verdict.Key([]byte("0123456789abcdef0123456789abcdef"), "example.com")
	newer  = verdict.Key([]byte("fedcba9876543210fedcba9876543210"), "example.com")
	judged = said{Site: "example.com", Form: "signup", ID: "5qyp3hdr", Mode: verdict.Enforce, T: signedAt}
)

// judgedModes are taken where a verdict of a monitored form is refused.
var judgedModes = []string{verdict.Enforce, verdict.Exempt, verdict.Session}

// rows become vectors: each is a valid request that is signed and then changed.
var rows = []struct {
	name   string
	good   bool
	sign   func(*vector, *said) // changes before the signature
	change func(*vector)        // changes after it
}{
	{name: "as it was signed", good: true},
	{name: "a client that signed its request", good: true, sign: func(_ *vector, s *said) { s.Mode = verdict.Exempt }},
	{name: "of a session", good: true, sign: ofSession},
	{name: "of a session, with any body", good: true, sign: ofSession, change: func(v *vector) { v.Body = hex.EncodeToString([]byte("a=2")) }},
	{name: "of a session, with no body", good: true, sign: ofSession, change: func(v *vector) { v.Body = "" }},
	{name: "of a session, called judged", sign: ofSession, change: replaced("session", "enforce")},
	{name: "judged, called a session's", change: replaced("enforce", "session")},
	{name: "judged without a body, called a session's", sign: func(v *vector, _ *said) { v.Body = "" }, change: replaced("enforce", "session")},
	{name: "watched, called a session's", sign: func(_ *vector, s *said) { s.Mode = verdict.Monitor }, change: replaced("monitor", "session")},
	{name: "of a session, with another method", sign: ofSession, change: func(v *vector) { v.Method = "PUT" }},
	{name: "of a session, on another path", sign: ofSession, change: to("/admin")},
	{name: "of a session, on another host", sign: ofSession, change: func(v *vector) { v.Host = "example.org" }},
	{name: "of a session, more than thirty seconds ago", sign: ofSession, change: at(signedAt + 30.5)},
	{name: "of a mode that is not known", sign: func(_ *vector, s *said) { s.Mode = "Session" }},
	{name: "only watched, where that is enough", good: true, sign: func(v *vector, s *said) { s.Mode, v.Judged = verdict.Monitor, false }},
	{name: "only watched", sign: func(_ *vector, s *said) { s.Mode = verdict.Monitor }},
	{name: "only watched, called judged", sign: func(_ *vector, s *said) { s.Mode = verdict.Monitor }, change: replaced("monitor", "enforce")},
	{name: "an empty body", good: true, sign: func(v *vector, _ *said) { v.Body = "" }},
	{name: "a body of any bytes", good: true, sign: func(v *vector, _ *said) { v.Body = "00ff0a0d2580c328" }},
	{name: "another body", change: func(v *vector) { v.Body = hex.EncodeToString([]byte("a=2")) }},
	{name: "no body where there was one", change: func(v *vector) { v.Body = "" }},
	{name: "another method", change: func(v *vector) { v.Method = "PUT" }},
	{name: "another path", change: to("/admin")},
	{name: "another host", change: func(v *vector) { v.Host = "example.org" }},
	{name: "the host with a port", change: func(v *vector) { v.Host += ":80" }},
	{name: "another form", change: func(v *vector) { v.Form = "vote" }},
	{name: "another form, called by this one's name", sign: func(_ *vector, s *said) { s.Form = "vote" }, change: replaced("form=vote", "form=signup")},
	{name: "another site", change: replaced("site=example.com", "site=example.org")},
	{name: "another id", change: replaced("id=5qyp3hdr", "id=5qyp3hdq")},
	{name: "another query, which is not signed", good: true, change: to("/signup?b=2")},
	{name: "an escaped path", good: true, sign: signed("/sign%20up%2Fx?a=1")},
	{name: "an escaped path written plainly", good: true, sign: signed("/%73ignup"), change: to("/signup")},
	{name: "an escape of an escape is decoded once", good: true, sign: signed("/%2573ignup")},
	{name: "an escape of an escape is not decoded twice", sign: signed("/%2573ignup"), change: to("/signup")},
	{name: "a path of UTF-8", good: true, sign: signed("/na%C3%AFve/%E2%82%AC")},
	{name: "a path of UTF-8 in lower-case escapes", good: true, sign: signed("/na%C3%AFve"), change: to("/na%c3%afve")},
	{name: "a path that is no UTF-8", good: true, sign: signed("/%ff%C3%28%80")},
	{name: "another path that is no UTF-8 either", sign: signed("/%ff"), change: to("/%fe")},
	{name: "a path with a line feed", good: true, sign: signed("/a%0Ab")},
	{name: "a path with a plus sign, which is no space", good: true, sign: signed("/a+b")},
	{name: "a path with a broken escape stands as it is", good: true, sign: signed("/100%/%41")},
	{name: "a path with dollars and backslashes", good: true, sign: signed("/%24%31%5C1")},
	{name: "two slashes are not one", sign: signed("//signup"), change: to("/signup")},
	{name: "two slashes", good: true, sign: signed("//signup")},
	{name: "an address inside a path", good: true, sign: signed("/to/http://example.org/x")},
	{name: "a target in absolute form", good: true, change: to("http://example.com/signup?a=1")},
	{name: "a target in absolute form without a path", good: true, sign: signed("/"), change: to("http://example.com?a=1")},
	{name: "thirty seconds ago", good: true, change: at(signedAt + 30)},
	{name: "more than thirty seconds ago", change: at(signedAt + 30.5)},
	{name: "in thirty seconds", good: true, change: at(signedAt - 30)},
	{name: "in more than thirty seconds", change: at(signedAt - 30.5)},
	{name: "an hour ago", change: at(signedAt + 3600)},
	{name: "another time", change: replaced("t=1795478400", "t=1795478401")},
	{name: "no time", change: replaced("t=1795478400", "t=")},
	{name: "a time that is no number", change: replaced("t=1795478400", "t=1795478400.0")},
	{name: "no header", change: func(v *vector) { v.Headers = []string{} }},
	{name: "an empty header", change: func(v *vector) { v.Headers = []string{""} }},
	{name: "two headers", change: func(v *vector) { v.Headers = append(v.Headers, v.Headers[0]) }},
	{name: "a good header after a bad one", change: func(v *vector) { v.Headers = append([]string{"v=1"}, v.Headers[0]) }},
	{name: "a header that is too long", sign: func(_ *vector, s *said) { s.ID = strings.Repeat("x", 1024) }},
	{name: "a header of 1024 bytes", good: true, sign: func(_ *vector, s *said) { s.ID = strings.Repeat("x", 889) }},
	{name: "one more member", change: replaced("v=1; ", "v=1; x=1; ")},
	{name: "a member twice", change: replaced("v=1; ", "v=1; v=1; ")},
	{name: "a member twice in place of another", change: replaced("id=5qyp3hdr", "v=1")},
	{name: "a member too few", change: replaced("id=5qyp3hdr; ", "")},
	{name: "members in another order", good: true, change: replaced("v=1; t=1795478400", "t=1795478400; v=1")},
	{name: "another version", change: replaced("v=1", "v=2")},
	{name: "no spaces between members", change: replaced("; ", ";")},
	{name: "no signature", change: func(v *vector) { v.Headers[0] = v.Headers[0][:strings.Index(v.Headers[0], "sig=")+4] }},
	{name: "half a signature", change: func(v *vector) { v.Headers[0] = v.Headers[0][:len(v.Headers[0])-20] }},
	{name: "a signature with padding", change: func(v *vector) { v.Headers[0] += "=" }},
	{name: "a signature of other bits that nobody reads", change: unread},
	{name: "the key as verdict-key prints it", good: true, change: func(v *vector) { v.Keys[0] = "example.com  " + v.Keys[0] }},
	{name: "the key before", good: true, change: func(v *vector) { v.Keys = []string{hex.EncodeToString(newer), v.Keys[0]} }},
	{name: "another key", change: func(v *vector) { v.Keys = []string{hex.EncodeToString(newer)} }},
}

func replaced(old, now string) func(*vector) {
	return func(v *vector) { v.Headers[0] = strings.Replace(v.Headers[0], old, now, 1) }
}

func to(target string) func(*vector) { return func(v *vector) { v.Target = target } }

func signed(target string) func(*vector, *said) {
	return func(v *vector, _ *said) { v.Target = target }
}

func ofSession(_ *vector, s *said) { s.Mode = verdict.Session }

func at(now float64) func(*vector) { return func(v *vector) { v.Now = now } }

// unread changes the bits of the last letter that are not part of any byte.
func unread(v *vector) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(v.Headers[0]) - 1
	v.Headers[0] = v.Headers[0][:last] + string(letters[strings.IndexByte(letters, v.Headers[0][last])+1])
}

func vectors() (list []vector) {
	for _, row := range rows {
		v := vector{Name: row.name, Keys: []string{hex.EncodeToString(key)}, Form: "signup", Judged: true,
			Method: "POST", Host: "example.com", Target: "/signup?a=1", Body: hex.EncodeToString([]byte("a=1")), Now: signedAt + 1}
		s := judged
		if row.sign != nil {
			row.sign(&v, &s)
		}
		r, body := request(v)
		v.Headers = []string{verdict.Verdict{Site: s.Site, Form: s.Form, ID: s.ID, Mode: s.Mode, Time: time.Unix(s.T, 0)}.Sign(key, r, body)}
		if row.change != nil {
			row.change(&v)
		}
		v.Path = hex.EncodeToString([]byte(path(v.Target)))
		if row.good {
			v.Want = &s
		}
		list = append(list, v)
	}
	return list
}

// path is the part of a target that the gateway signs.
func path(target string) string {
	if rest, absolute := strings.CutPrefix(target, "http://example.com"); absolute {
		target = "/" + strings.TrimPrefix(rest, "/")
	}
	target, _, _ = strings.Cut(target, "?")
	return verdict.Path(target)
}

func request(v vector) (*http.Request, []byte) {
	body, err := hex.DecodeString(v.Body)
	if err != nil {
		panic(err)
	}
	r := &http.Request{Method: v.Method, Host: v.Host, URL: &url.URL{Path: path(v.Target)}, Header: http.Header{verdict.Header: v.Headers}}
	return r, body
}

// The vectors equal those of the rows, and package verdict agrees with each.
func TestVectorsAreThoseOfPackageVerdict(t *testing.T) {
	file := filepath.Join(deployed, "vectors.json")
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(vectors()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	held, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(held, text.Bytes()) {
		t.Errorf("%s differs from the vectors of the rows: go test ./e2e/verdicts -run Vectors -update", file)
	}
	for _, v := range vectors() {
		if got, want := inGo(t, v), expected(v); got != want {
			t.Errorf("%s: package verdict says %q, want %q", v.Name, got, want)
		}
	}
}

// inGo checks with package verdict, at the time of the vector.
func inGo(t *testing.T, v vector) (got string) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(0, int64(v.Now*1e9))))
		r, body := request(v)
		r.Body = http.NoBody
		if len(body) > 0 {
			r.Body = readCloser{bytes.NewReader(body)}
		}
		s, err := verdict.Verify(r, 1<<20, keys(t, v)...)
		if err != nil || s.Form != v.Form || v.Judged && !slices.Contains(judgedModes, s.Mode) {
			got = "refused"
			return
		}
		got = fmt.Sprintln(s.Site, s.Form, s.ID, s.Mode, s.Time.Unix())
	})
	return strings.TrimSpace(got)
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func keys(t *testing.T, v vector) (keys [][]byte) {
	for _, text := range v.Keys {
		key, err := hex.DecodeString(text[strings.LastIndexByte(text, ' ')+1:])
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

func expected(v vector) string {
	if v.Want == nil {
		return "refused"
	}
	return fmt.Sprint(v.Want.Site, " ", v.Want.Form, " ", v.Want.ID, " ", v.Want.Mode, " ", v.Want.T)
}

// checkers run the checker of a language over lines of vectors.
var checkers = map[string]func(t *testing.T) *exec.Cmd{
	"php": func(*testing.T) *exec.Cmd {
		return exec.Command("php", "testdata/vectors.php", deployed+"/palisade-verdict.php")
	},
	"node": func(*testing.T) *exec.Cmd {
		return exec.Command("node", "testdata/vectors.js", deployed+"/palisade-verdict.js")
	},
	"python": inPython,
	"ruby": func(*testing.T) *exec.Cmd {
		return exec.Command("ruby", "testdata/vectors.rb", deployed+"/palisade_verdict.rb")
	},
	"java": func(t *testing.T) *exec.Cmd {
		return exec.Command("java", "-cp", javac(t, "testdata/Vectors.java"), "Vectors")
	},
}

func inPython(*testing.T) *exec.Cmd {
	cmd := exec.Command(apps.Python("python"), "testdata/vectors.py")
	cmd.Env = append(os.Environ(), "PYTHONPATH=../../python/src", "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// languages are the languages that this run tests.
func languages() []string {
	if *full {
		return []string{"php", "node", "python", "ruby", "java"}
	}
	return []string{"php", "node", "python"}
}

// needed fails the test with the name of the missing tool.
func needed(t *testing.T, command, packages string) {
	t.Helper()
	if _, err := exec.LookPath(command); err != nil {
		t.Fatalf("missing: %s (Debian packages: %s)", command, packages)
	}
}

// javac compiles a program with the checker.
func javac(t *testing.T, file string) (classes string) {
	t.Helper()
	needed(t, "javac", "openjdk-17-jdk-headless")
	classes = t.TempDir()
	if out, err := exec.Command("javac", "-Xlint:all", "-Werror", "-d", classes, deployed+"/PalisadeVerdict.java", file).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	return classes
}

func TestCheckersAgreeOnTheVectors(t *testing.T) {
	for _, language := range languages() {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			if language == "ruby" {
				needed(t, "ruby", "ruby")
			}
			cmd := checkers[language](t)
			list := vectors()
			cmd.Stdin = lines(list, language == "python")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s\nIs everything installed? Run scripts/tools.sh", err, out)
			}
			got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			if len(got) != len(list) {
				t.Fatalf("%d answers to %d vectors\n%s", len(got), len(list), out)
			}
			for i, v := range list {
				if want := expected(v); got[i] != want {
					t.Errorf("%s: %q, want %q", v.Name, got[i], want)
				}
			}
		})
	}
}

// lines writes vectors so that no language needs a JSON parser: fields in hexadecimal,
// separated by tabs. The path is for checkers that get it decoded.
func lines(list []vector, withPath bool) *strings.Reader {
	var b strings.Builder
	for _, v := range list {
		mode := "watched"
		if v.Judged {
			mode = "judged"
		}
		for _, field := range []string{strings.Join(v.Keys, "\n"), v.Form, mode, strings.Join(v.Headers, "\n"), v.Method, v.Host, v.Target} {
			b.WriteString(hex.EncodeToString([]byte(field)) + "\t")
		}
		b.WriteString(v.Body + "\t" + hex.EncodeToString(fmt.Appendf(nil, "%.1f", v.Now)))
		if withPath {
			b.WriteString("\t" + v.Path)
		}
		b.WriteByte('\n')
	}
	return strings.NewReader(b.String())
}
