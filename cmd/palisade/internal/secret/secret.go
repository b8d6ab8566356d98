// Package secret keeps the gateway's signing key in a file, and makes it on the
// first run.
package secret

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// size of a key that is made here, in bytes.
const size = 32

// Load returns the key in a file. When there is no file it makes one that only
// its owner can read, and says so in made. A file that others can read is an
// error: its key may be known.
func Load(file string) (key []byte, made bool, err error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		key, err = create(file)
		return key, err == nil, err
	case err != nil:
		return nil, false, err
	case info.Mode().Perm()&0o077 != 0:
		return nil, false, fmt.Errorf("%s can be read by others (mode %04o): make a new key, or run chmod 600 if it never was", file, info.Mode().Perm())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, false, err
	}
	key, err = hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < size {
		return nil, false, fmt.Errorf("%s does not hold a key: %d bytes in hexadecimal, as this program writes them", file, size)
	}
	return key, false, nil
}

// create writes a new key. It appears whole or not at all, and two processes that
// start at once end up with the same one.
func create(file string) ([]byte, error) {
	key := make([]byte, size)
	rand.Read(key)
	temp, err := os.CreateTemp(filepath.Dir(file), ".palisade-key-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(temp.Name(), file); errors.Is(err, fs.ErrExist) {
		key, _, err := Load(file)
		return key, err
	} else if err != nil {
		return nil, err
	}
	return key, nil
}
