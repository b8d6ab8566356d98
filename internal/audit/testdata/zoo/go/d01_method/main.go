// defect: D01
// The captcha hangs on POST, and the handler runs for every method.
package main

import (
	"io"
	"net/http"
	"net/url"

	"github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"
)

func main() {
	mux := right.Mux("")
	mux.HandleFunc("/signup", func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			right.SignUp(w, r)
		case http.MethodHead, http.MethodOptions:
			w.WriteHeader(http.StatusNoContent)
		default: // the same for scripts that put
			body, _ := io.ReadAll(io.LimitReader(r.Body, right.MaxBody))
			form, _ := url.ParseQuery(string(body))
			right.Welcome(w, r, form.Get("email"))
		}
	})
	right.Serve(mux)
}
