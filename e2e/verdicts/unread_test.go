package verdicts_test

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/verdict"
)

// readers run the checker of a language over one request with the body a=1, which notes
// whether it is read. The tests of the Go and the Python package do the same there.
var readers = map[string]func(t *testing.T, key, header string) *exec.Cmd{
	"php": func(_ *testing.T, key, header string) *exec.Cmd {
		return exec.Command("php", "testdata/unread.php", deployed+"/palisade-verdict.php", key, header)
	},
	"node": func(_ *testing.T, key, header string) *exec.Cmd {
		return exec.Command("node", "testdata/unread.js", deployed+"/palisade-verdict.js", key, header)
	},
	"ruby": func(t *testing.T, key, header string) *exec.Cmd {
		needed(t, "ruby", "ruby")
		return exec.Command("ruby", "testdata/unread.rb", deployed+"/palisade_verdict.rb", key, header)
	},
	"java": func(t *testing.T, key, header string) *exec.Cmd {
		return exec.Command("java", "-cp", javac(t, "testdata/Unread.java"), "Unread", key, header)
	},
}

// The vectors hand over every body, so they do not show this.
func TestBodyOfASessionIsNotRead(t *testing.T) {
	for _, language := range languages() {
		reader := readers[language]
		if reader == nil {
			continue
		}
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			for _, test := range []struct{ mode, change, want string }{
				{verdict.Session, verdict.Session, "session, unread"},
				{verdict.Session, verdict.Enforce, "refused"},
				{verdict.Enforce, verdict.Session, "refused"},
				{verdict.Enforce, verdict.Enforce, "enforce, read"}, // else the first row would prove nothing
			} {
				header := strings.Replace(fresh(test.mode), test.mode, test.change, 1)
				out, err := reader(t, hex.EncodeToString(key), header).CombinedOutput()
				if got, _, _ := strings.Cut(string(out), "\n"); err != nil || got != test.want {
					t.Errorf("%s, called %s: %v, %s; want %q", test.mode, test.change, err, out, test.want)
				}
			}
		})
	}
}

// fresh is a verdict of now, for the request of the readers.
func fresh(mode string) string {
	r := &http.Request{Method: "POST", Host: "example.com", URL: &url.URL{Path: "/signup"}}
	return verdict.Verdict{Site: "example.com", Form: "signup", ID: "5qyp3hdr", Mode: mode, Time: time.Now()}.Sign(key, r, []byte("a=1"))
}
