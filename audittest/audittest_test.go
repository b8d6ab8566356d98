package audittest_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/audittest"
	"github.com/palisade-dev/palisade/clientip"
)

// signup is a form of the library, guarded or not.
func signup(t *testing.T, guarded bool) (http.Handler, func() (int, error)) {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	guard, err := palisade.New(palisade.Config{Keys: palisade.Keys{Current: key}, ClientIP: clientip.RemoteAddr(), Site: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	form, err := guard.Form(palisade.FormConfig{Name: "signup", Ask: palisade.WhenRisky, MinFill: -1})
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	mux := http.NewServeMux()
	mux.Handle("/.palisade/", guard.Handler())
	mux.HandleFunc("GET /signup", func(w http.ResponseWriter, r *http.Request) {
		fields := form.Fields(r)
		w.Header().Set("X-Frame-Options", "DENY")
		fmt.Fprintf(w, `<form method="post" action="/signup"><input name="email" type="email">%s</form>`, fields)
	})
	mux.Handle("POST /signup", form.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) })))
	if !guarded {
		mux.HandleFunc("POST /api/signup", func(w http.ResponseWriter, r *http.Request) { n.Add(1) })
	}
	return mux, func() (int, error) { return int(n.Load()), nil }
}

// said is a test that only notes its failures.
type said struct{ errors []string }

func (s *said) Helper()             {}
func (s *said) Logf(string, ...any) {}
func (s *said) Errorf(format string, args ...any) {
	s.errors = append(s.errors, fmt.Sprintf(format, args...))
}

func TestAFormOfTheLibraryPasses(t *testing.T) {
	t.Parallel()
	handler, count := signup(t, true)
	audittest.Run(t, handler, audittest.Options{Host: "example.com", Page: "/signup", Count: count, Only: []string{"A", "B01"}})
}

func TestAnUnguardedTwinFailsTheTest(t *testing.T) {
	t.Parallel()
	handler, count := signup(t, false)
	var s said
	audittest.Run(&s, handler, audittest.Options{Host: "example.com", Page: "/signup", Count: count, Only: []string{"A"}})
	if len(s.errors) != 1 || !strings.Contains(s.errors[0], "A07, critical") || !strings.Contains(s.errors[0], "POST /api/signup") {
		t.Errorf("errors %q", s.errors)
	}
	s.errors = nil
	audittest.Run(&s, handler, audittest.Options{Host: "example.com", Page: "/signup", Count: count, Only: []string{"A07"}, Accept: []string{"A07"}})
	if s.errors != nil {
		t.Errorf("an accepted finding fails the test: %q", s.errors)
	}
}

func TestNothingIsSaidToBeFineThatWasNotSeen(t *testing.T) {
	t.Parallel()
	handler, _ := signup(t, true)
	for name, options := range map[string]audittest.Options{
		"no count":           {Page: "/signup"},
		"no such page":       {Page: "/nothing", Count: func() (int, error) { return 0, nil }},
		"no such level":      {Page: "/signup", FailOn: "bad"},
		"a count that fails": {Host: "example.com", Page: "/signup", Count: func() (int, error) { return 0, fmt.Errorf("no database") }},
	} {
		var s said
		if audittest.Run(&s, handler, options); s.errors == nil {
			t.Errorf("%s: the test passed", name)
		}
	}
}
