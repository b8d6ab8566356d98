package snippet_test

import (
	"testing"

	"github.com/palisade-dev/palisade/internal/snippet"
)

// A check that accepts everything would be worse than none.
func TestStalePiecesOfGoAreFound(t *testing.T) {
	t.Parallel()
	checker, err := snippet.NewGo("net/http", "time")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		preamble, piece string
		good            bool
	}{
		"statements":                          {"", `client := http.Client{Timeout: 3 * time.Second}`, true},
		"statements on names of the preamble": {"var mux *http.ServeMux", `mux.Handle("/", http.NotFoundHandler())`, true},
		"statements on undeclared names":      {"", `mux.Handle("/", http.NotFoundHandler())`, false},
		"a value":                             {"", `http.Client{Timeout: time.Second}`, true},
		"a function":                          {"", "func page(w http.ResponseWriter, r *http.Request) {}", true},
		"a whole file":                        {"", "package main\n\nimport \"time\"\n\nvar t time.Time\n", true},
		"a member without its literal":        {"", `Timeout: time.Sleep(1)`, false},
		"an unknown field":                    {"", `_ = http.Client{Captcha: 1}`, false},
		"a package that is not listed":        {"", `_ = json.Valid(nil)`, false},
		"an ellipsis":                         {"", `_ = http.Client{…}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := checker.Check(c.preamble, c.piece); c.good != (err == nil) {
				t.Errorf("valid %v, got %v", c.good, err)
			}
		})
	}
}

func TestStalePiecesOfOtherLanguagesAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		language, piece string
		good            bool
	}{
		"Python":                      {"python", "if x:\n    abort(403)", true},
		"Python and HTML":             {"python", "CSRFProtect(app)\n<input>", false},
		"JavaScript with await":       {"js", "await f();\nreturn res.sendStatus(403);", true},
		"JavaScript with three dots":  {"js", "f({...});", false},
		"PHP":                         {"php", `if ($x) { exit; }`, true},
		"PHP without its semicolon":   {"php", `$x = 1 exit`, false},
		"Ruby":                        {"ruby", "x = 1 if y", true},
		"Ruby without its end":        {"ruby", "def f", false},
		"a command":                   {"sh", "palisade audit -self   # why", true},
		"a quote that does not end":   {"sh", "echo 'x", false},
		"a language without a parser": {"cobol", "STOP RUN.", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := snippet.Parse(c.language, c.piece); c.good != (err == nil) {
				t.Errorf("valid %v, got %v", c.good, err)
			}
		})
	}
}
