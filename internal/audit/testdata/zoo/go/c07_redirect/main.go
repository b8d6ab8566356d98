// defect: C07
// The client that asks the verifier follows redirects, and takes the secret along.
package main

import "github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"

func main() {
	right.Client.CheckRedirect = nil
	mux := right.Mux("")
	mux.HandleFunc("POST /signup", right.SignUp)
	right.Serve(mux)
}
