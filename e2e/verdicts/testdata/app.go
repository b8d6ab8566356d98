// A small app that requires the verdict.
package main

import (
	"encoding/hex"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/palisade-dev/palisade/verdict"
)

var (
	mu    sync.Mutex
	users []string
)

func main() {
	_, text, _ := strings.Cut(os.Getenv("PALISADE_VERDICT_KEY"), "  ")
	key, err := hex.DecodeString(text)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /signup", verdict.Require(key, http.HandlerFunc(signup)))
	mux.Handle("POST /", verdict.Require(key, http.HandlerFunc(signup)))
	mux.HandleFunc("GET /{$}", effects)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}

func signup(w http.ResponseWriter, r *http.Request) {
	mu.Lock()
	defer mu.Unlock()
	users = append(users, r.PostFormValue("user"))
}

func effects(w http.ResponseWriter, r *http.Request) {
	mu.Lock()
	defer mu.Unlock()
	for _, user := range users {
		fmt.Fprintln(w, user)
	}
}
