package audit_test

import (
	"testing"

	"github.com/palisade-dev/palisade/internal/audit"
	"github.com/palisade-dev/palisade/internal/snippet"
)

// given declares the names that the advice for Go uses: names of every handler, and names
// from earlier advice.
const given = `
var (
	ctx            context.Context
	config         palisade.Config
	keys           palisade.Keys
	signup         *palisade.Form
	mux            *http.ServeMux
	create         http.Handler
	createUser     http.Handler
	w              http.ResponseWriter
	r              *http.Request
	request        *http.Request
	sitekey        string
	secret         string
	token          string
	field          string
)
`

// languageOf is the language of each stack but Go.
var languageOf = map[string]string{"django": "python", "flask": "python", "rails": "ruby", "express": "js", "php": "php"}

// The test uses the advice exactly as the report prints it.
func TestAdviceCompiles(t *testing.T) {
	t.Parallel()
	checker, err := snippet.NewGo(
		"context", "io", "log", "net/http", "time",
		"github.com/palisade-dev/palisade", "github.com/palisade-dev/palisade/captcha", "github.com/palisade-dev/palisade/clientip",
	)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, rule := range audit.Catalogue() {
		for stack, code := range rule.Fix.Code {
			if seen[stack+code] {
				continue
			}
			seen[stack+code] = true
			if stack == "go" {
				err = checker.Check(given, code)
			} else {
				err = snippet.Parse(languageOf[stack], code)
			}
			if err != nil {
				t.Errorf("%s for %s: %v", rule.ID, stack, err)
			}
		}
	}
	if len(seen) < 50 {
		t.Errorf("%d pieces of advice were checked, which cannot be all", len(seen))
	}
}
