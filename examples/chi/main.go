// Command chi is a router of chi with a guarded route. Chi takes middleware of
// net/http, so there is no adapter: signup.Protect is one.
//
//	go run ./examples/chi   # http://127.0.0.1:8080
package main

import (
	"crypto/rand"
	"fmt"
	"html/template"
	"log"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
)

func main() {
	key := make([]byte, 32)
	rand.Read(key) // a real site keeps its key; with a new key after a restart, open pages get a challenge
	router, err := newRouter(key, "127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("open http://127.0.0.1:8080")
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", router))
}

func newRouter(key []byte, host string) (chi.Router, error) {
	guard, err := palisade.New(palisade.Config{Keys: palisade.Keys{Current: key}, ClientIP: clientip.RemoteAddr(), Site: host})
	if err != nil {
		return nil, err
	}
	signup, err := guard.Form(palisade.FormConfig{Name: "signup", Ask: palisade.WhenRisky})
	if err != nil {
		return nil, err
	}
	router := chi.NewRouter()
	router.Get(guard.Base()+"*", guard.Handler().ServeHTTP)
	router.Get("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-cache") // the page has a ticket
		_ = page.Execute(w, signup.Fields(r))
	})
	router.With(signup.Protect).Post("/signup", create)
	return router, nil
}

func create(w http.ResponseWriter, r *http.Request) {
	pass, _ := palisade.PassFrom(r.Context())
	fmt.Fprintf(w, "Welcome, %s (decision %s)\n", r.PostFormValue("name"), pass.Decision().ID)
}

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta name="viewport" content="width=device-width"><title>Sign up</title>
<main><h1>Sign up</h1>
<form method="post" action="/signup"><p><label>Name <input name="name" required></label></p>{{.}}<button>Sign up</button></form>
</main></html>`))
