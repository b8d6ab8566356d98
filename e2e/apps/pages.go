package apps

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Pages builds pages of e2e/fronts.
func Pages[T any](t *testing.T, files []string) map[string]T {
	t.Helper()
	for _, tool := range []string{"esbuild", "svelte"} {
		if _, err := os.Stat(filepath.Join(e2e(), "node_modules", tool)); err != nil {
			t.Fatalf("missing: %s from npm; scripts/tools.sh installs it", tool)
		}
	}
	node := exec.Command("node", append([]string{filepath.Join(e2e(), "fronts", "build.mjs")}, files...)...)
	var said bytes.Buffer
	node.Stderr = &said
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node build.mjs: %v\n%s\nIs everything installed? Run scripts/tools.sh", err, &said)
	}
	pages := make(map[string]T)
	if err := json.Unmarshal(out, &pages); err != nil {
		t.Fatal(err)
	}
	return pages
}
