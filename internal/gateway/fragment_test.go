package gateway_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/internal/gateway"
)

// Programs of pages load fragments and data. They get what their forms need, and nothing
// else.
func TestFragmentsAndData(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Script = true })
	const guarded = `<form hx-post="/signup" method="post" action="/signup"><input name="user"></form>`
	inJSON, err := json.Marshal(map[string]string{"html": "<html><head>" + strings.ReplaceAll(guarded, `"`, "")})
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		body           string
		loader, ticket bool
	}{
		"a document":                      {signupPage, true, true},
		"a document without a form":       {"<!doctype html><p>a", true, false},
		"a document without a doctype":    {"<html><p>a", true, false},
		"a fragment":                      {`<tr id="row-7" hx-swap-oob="true"><td>a</td></tr>`, false, false},
		"a fragment with a script":        {`<script>init()</script><div>a</div>`, false, false},
		"a fragment with a guarded form":  {`<div>` + guarded + `</div>`, false, true},
		"a fragment with another form":    {`<form method=post action=/other></form>`, false, false},
		"a Turbo frame":                   {`<turbo-frame id="a">` + guarded + `</turbo-frame>`, false, true},
		"a text":                          {`saved`, false, false},
		"an object":                       {string(inJSON), false, false},
		"a list, after white space":       {"\n [" + string(inJSON) + "]", false, false},
		"a list, after a byte order mark": {"\ufeff[" + string(inJSON) + "]", false, false},
	} {
		for _, zipped := range []bool{false, true} {
			w.app = func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Content-Type", "text/html; charset=utf-8")
				if !zipped {
					io.WriteString(rw, row.body)
					return
				}
				rw.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(rw)
				io.WriteString(z, row.body)
				z.Close()
			}
			a := w.get("/page", header("Accept-Encoding", "gzip"), header("HX-Request", "true"))
			got := a.body
			if zipped {
				z, err := gzip.NewReader(strings.NewReader(a.body))
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(z)
				if err != nil {
					t.Fatal(err)
				}
				got = string(text)
			}
			if strings.Contains(got, "/.palisade/guard.js") != row.loader || strings.Contains(got, `name="palisade-ticket"`) != row.ticket {
				t.Errorf("%s: %s", name, got)
			}
			if !row.loader && !row.ticket && !bytes.Equal([]byte(got), []byte(row.body)) {
				t.Errorf("%s: the bytes are changed: %q", name, got)
			}
		}
	}
}
