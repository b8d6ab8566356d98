package secret

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeyIsMadeOnceAndKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "palisade.key")
	first, made, err := Load(file)
	if err != nil || !made || len(first) != size {
		t.Fatalf("%d bytes, made %v, %v", len(first), made, err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	again, made, err := Load(file)
	if err != nil || made || !bytes.Equal(first, again) {
		t.Errorf("the second time it is another key, or made again (%v): %v", made, err)
	}
}

func TestProcessesThatStartAtOnceShareTheKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "palisade.key")
	keys := make([][]byte, 20)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() { keys[i], _, _ = Load(file) })
	}
	all.Wait()
	for _, key := range keys {
		if len(key) != size || !bytes.Equal(key, keys[0]) {
			t.Fatalf("%x and %x", key, keys[0])
		}
	}
}

func TestKeyThatOthersCanReadIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "palisade.key")
	if _, _, err := Load(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(file); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error(err)
	}
}

func TestFileWithoutAKeyIsRefusedAndNotShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "palisade.key")
	if err := os.WriteFile(file, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(file); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}
