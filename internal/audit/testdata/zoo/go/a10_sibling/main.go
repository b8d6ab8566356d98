// defect: A10
// An older page for partners makes the same accounts, and was forgotten when the captcha came.
package main

import (
	"io"
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"
)

func main() {
	mux := right.Mux(`<p><a href="/partners">For partners</a></p>`)
	mux.HandleFunc("POST /signup", right.SignUp)
	mux.HandleFunc("GET /partners", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Replace(right.Page(""), `action="/signup"`, `action="/partners"`, 1))
	})
	mux.HandleFunc("POST /partners", func(w http.ResponseWriter, r *http.Request) {
		form, status := right.Form(w, r)
		if status != 0 {
			http.Error(w, http.StatusText(status), status)
			return
		}
		right.Welcome(w, r, form.Get("email"))
	})
	right.Serve(mux)
}
