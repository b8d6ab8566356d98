package altcha

import "context"

// Canonical decodes a JSON text and encodes it in the signed form.
func Canonical(text []byte) (string, bool) {
	value, ok := decodeJSON(text)
	if !ok {
		return "", false
	}
	return string(appendCanonical(nil, value, true)), true
}

// Occupy takes one place for derivations until release is called.
func Occupy(v *Verifier) (release func()) {
	taken, done := make(chan struct{}), make(chan struct{})
	go v.share.Do(context.Background(), func() { close(taken); <-done })
	<-taken
	return func() { close(done) }
}
