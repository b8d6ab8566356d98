// defect: B02
// It looks whether a token was used, asks the verifier, and notes it as used after that.
package main

import (
	"net/http"
	"sync"

	"github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"
)

var (
	mu   sync.Mutex
	used = map[string]bool{}
)

func seen(token string) bool {
	mu.Lock()
	defer mu.Unlock()
	return used[token]
}

func note(token string) {
	mu.Lock()
	defer mu.Unlock()
	used[token] = true
}

func main() {
	mux := right.Mux("")
	mux.HandleFunc("POST /signup", func(w http.ResponseWriter, r *http.Request) {
		form, status := right.Form(w, r)
		if status != 0 {
			http.Error(w, http.StatusText(status), status)
			return
		}
		tokens := form[right.Field]
		if len(tokens) != 1 || tokens[0] == "" || len(tokens[0]) > 2048 || seen(tokens[0]) {
			http.Error(w, "Please go back and try again.", http.StatusForbidden)
			return
		}
		body, err := right.Ask(tokens[0])
		if err != nil || !right.Good(body) {
			http.Error(w, "Please go back and try again.", http.StatusForbidden)
			return
		}
		right.Welcome(w, r, form.Get("email"))
		note(tokens[0])
	})
	right.Serve(mux)
}
