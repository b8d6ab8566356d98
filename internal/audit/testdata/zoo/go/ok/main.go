// no defect
package main

import "github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"

func main() {
	mux := right.Mux("")
	mux.HandleFunc("POST /signup", right.SignUp)
	right.Serve(mux)
}
