// Command pack prepares the files of package web for serving. It writes the hash of each
// file into the scripts that load it by name, and compresses all files. It runs in the
// folder web, by `go generate`.
//
// It is in this module because it needs brotli. The root module uses only the standard
// library, which has no brotli.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/andybalholm/brotli"
)

// files of web/static, each after the files that it loads.
var files = []string{
	"altcha/altcha.min.js", "altcha/altcha.i18n.js", "altcha/altcha.css", "altcha/LICENSE.txt",
	"visible.js", "report.js", "palisade.js", "page.js", "palisade.css", "page.css",
	"frame.js", "frame.css", "api.js",
}

func main() {
	log.SetFlags(0)
	if err := pack("static"); err != nil {
		log.Fatal("pack: ", err)
	}
}

// reference matches the name under which one file loads another.
var reference = regexp.MustCompile(`\b((?:altcha\.min|altcha\.i18n|altcha|visible|report))\.([0-9a-f]{10})\.(js|css)\b`)

func pack(dir string) error {
	hashes := make(map[string]string)
	for _, file := range files {
		path := filepath.Join(dir, file)
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(file, "altcha/") { // these stay unchanged
			if raw, err = link(path, raw, hashes); err != nil {
				return err
			}
		}
		sum := sha256.Sum256(raw)
		hashes[filepath.Base(file)] = hex.EncodeToString(sum[:])[:10]
		if err := compress(path, raw); err != nil {
			return err
		}
	}
	return nil
}

// link writes the hashes of the files that a script loads into it.
func link(path string, raw []byte, hashes map[string]string) ([]byte, error) {
	var missing error
	linked := reference.ReplaceAllFunc(raw, func(found []byte) []byte {
		part := reference.FindSubmatch(found)
		hash := hashes[fmt.Sprintf("%s.%s", part[1], part[3])]
		if hash == "" {
			missing = fmt.Errorf("%s loads %s, which comes after it", path, found)
		}
		return fmt.Appendf(nil, "%s.%s.%s", part[1], hash, part[3])
	})
	if missing != nil || bytes.Equal(linked, raw) {
		return linked, missing
	}
	return linked, os.WriteFile(path, linked, 0o644)
}

func compress(path string, raw []byte) error {
	var gz, br bytes.Buffer
	zipper, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := write(zipper, raw); err != nil {
		return err
	}
	if err := write(brotli.NewWriterLevel(&br, brotli.BestCompression), raw); err != nil {
		return err
	}
	if err := os.WriteFile(path+".gz", gz.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(path+".br", br.Bytes(), 0o644)
}

func write(w interface {
	Write([]byte) (int, error)
	Close() error
}, raw []byte) error {
	if _, err := w.Write(raw); err != nil {
		return err
	}
	return w.Close()
}
