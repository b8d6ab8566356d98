//go:build !unix

package secret

import (
	"errors"
	"os"
)

// ErrServed is not returned on this system.
var ErrServed = errors.New("another palisade serves with this key")

// Lock opens the file and locks nothing. This system has no lock that ends with the process
// and needs no library.
func Lock(file string) (*os.File, error) { return os.OpenFile(file, os.O_RDONLY|os.O_CREATE, 0o644) }
