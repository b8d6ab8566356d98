// defect: J02
// Behind the old proxy a header said that the visitor was verified. The proxy is gone, and the header still counts.
package main

import (
	"net/http"

	"github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"
)

func main() {
	mux := right.Mux("")
	mux.HandleFunc("POST /signup", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Captcha-Verified") != "true" {
			right.SignUp(w, r)
			return
		}
		form, status := right.Form(w, r)
		if status != 0 {
			http.Error(w, http.StatusText(status), status)
			return
		}
		right.Welcome(w, r, form.Get("email"))
	})
	right.Serve(mux)
}
