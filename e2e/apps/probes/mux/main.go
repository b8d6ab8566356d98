// Command mux is a route of net/http.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"sync/atomic"
)

func main() {
	var signups atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /signup", func(w http.ResponseWriter, _ *http.Request) {
		signups.Add(1)
		fmt.Fprint(w, "done")
	})
	mux.HandleFunc("GET /effects", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"signup": %d}`, signups.Load())
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}
