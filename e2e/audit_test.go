package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const reports = "../internal/audit/report/testdata"

// The page of an audit is shown to customers and printed, so it is checked like the other
// pages.
func TestAuditPageLooksRightAndIsAccessible(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.FileServer(http.Dir(reports)))
	t.Cleanup(server.Close)
	for name, file := range map[string]string{"audit": "sample.html", "audit clean": "clean.html", "audit of two": "two.html"} {
		lookAt(t, server.URL+"/"+file, name, func(b *tab) {
			b.until("document.querySelector('h1')")
			b.do("document.querySelectorAll('details').forEach((d) => d.open = true)")
		})
	}
}

// The SARIF file is valid for code hosts.
func TestAuditSARIFFollowsItsSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(reports, "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sample.sarif", "two.sarif", "broken.sarif"} {
		file, err := os.Open(filepath.Join(reports, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		document, err := jsonschema.UnmarshalJSON(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		document.(map[string]any)["runs"].([]any)[0].(map[string]any)["results"] = "none"
		if schema.Validate(document) == nil {
			t.Errorf("%s: the schema takes anything", name)
		}
	}
}
