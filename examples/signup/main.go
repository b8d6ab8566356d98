// Command signup is a sign-up form that bots cannot post to: the whole of it.
//
//	go run ./examples/signup     then open http://localhost:8080/signup
package main

import (
	"crypto/rand"
	"fmt"
	"html/template"
	"log"
	"net/http"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
)

var page = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Sign up</title>
<h1>Sign up</h1>{{with .Mistake}}<p role="alert">{{.}}</p>{{end}}
<form method="post"><label>Name <input name="name" required value="{{.Name}}"></label>
{{.Guard}}<button>Sign up</button></form></html>`))

type content struct {
	Guard         template.HTML
	Name, Mistake string
}

func main() {
	key := make([]byte, palisade.KeySize) // keep a real one in a secret store: a new key asks everybody again
	rand.Read(key)
	guard, err := palisade.New(palisade.Config{
		Keys:     palisade.Keys{Current: key},
		ClientIP: clientip.RemoteAddr(),
		Site:     "localhost:8080",
		Hosts:    []string{"127.0.0.1:8080"},
	})
	if err != nil {
		log.Fatal(err)
	}
	signup, err := guard.Form(palisade.FormConfig{Name: "signup", Ask: palisade.WhenRisky})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("/.palisade/", guard.Handler())
	mux.HandleFunc("GET /signup", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // a ticket is good for one visitor and one submission
		page.Execute(w, content{Guard: signup.Fields(r)})
	})
	mux.Handle("POST /signup", signup.Handle(func(w http.ResponseWriter, r *http.Request, pass palisade.Pass) {
		name := r.PostFormValue("name")
		if len(name) < 2 { // the application's own check; the person need not prove anything again
			w.WriteHeader(http.StatusUnprocessableEntity)
			page.Execute(w, content{Guard: pass.Retry(), Name: name, Mistake: "A name has at least two letters."})
			return
		}
		fmt.Fprintf(w, "Welcome, %s.\n", name)
	}))
	log.Println("open http://localhost:8080/signup")
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", mux))
}
