package apps

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Palisade builds the command, once for all tests of a process, and returns its file.
// A TestMain that calls [Clean] removes it.
var Palisade = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "palisade-e2e-")
	if err != nil {
		return "", err
	}
	builtIn = dir
	file := filepath.Join(dir, "palisade")
	cmd := exec.Command("go", "build", "-o", file, ".")
	cmd.Dir = filepath.Join(e2e(), "..", "cmd", "palisade")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return file, err
})

var builtIn string // folder of the command, once it is built

// Clean removes the files of [Palisade] when all tests have ended.
func Clean() {
	if builtIn != "" {
		os.RemoveAll(builtIn)
	}
}
