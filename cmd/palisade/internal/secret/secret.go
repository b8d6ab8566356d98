// Package secret keeps the gateway's signing key in a file, and creates it on the first run.
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

// size of a new key, in bytes.
const size = 32

// Load returns the key in a file. If there is no file, it creates one that only its owner
// can read, and sets made.
func Load(file string) (key []byte, made bool, err error) {
	key, err = Read(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	if key, err = create(file); err != nil {
		return nil, false, fmt.Errorf("%w: give another file with -state, or a key with PALISADE_KEY", err)
	}
	return key, true, nil
}

// Read returns the key in a file, or fs.ErrNotExist if there is no file. A file that others
// can read is an error: they may know its key.
func Read(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%s can be read by others (mode %04o): make a new key, or run chmod 600 if it never was", file, info.Mode().Perm())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < size {
		return nil, fmt.Errorf("%s does not hold a key: %d bytes in hexadecimal, as this program writes them", file, size)
	}
	return key, nil
}

// create writes a new key. The file appears complete or not at all. Two processes that start
// at once get the same key.
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
