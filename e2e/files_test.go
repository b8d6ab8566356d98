package e2e_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

// Package web proves the same of its .gz files; the standard library has no brotli.
func TestWhatIsCompressedWithBrotliIsTheFile(t *testing.T) {
	dir, seen := os.DirFS("../web/static"), 0
	err := fs.WalkDir(dir, ".", func(path string, _ fs.DirEntry, err error) error {
		name, packed := strings.CutSuffix(path, ".br")
		if err != nil || !packed {
			return err
		}
		seen++
		file, err := dir.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		got, err := io.ReadAll(brotli.NewReader(file))
		if err != nil {
			return err
		}
		want, err := fs.ReadFile(dir, name)
		if err == nil && !bytes.Equal(got, want) {
			t.Errorf("%s differs from the contents of %s; run go generate in web", name, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Fatal("there are no .br files")
	}
}
