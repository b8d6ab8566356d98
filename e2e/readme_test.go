package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// The program of the README, unchanged, in a browser.
func TestTheProgramOfTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README has no program")
	}
	dir, port := t.TempDir(), apps.FreePort(t)
	program := strings.ReplaceAll(string(block[1]), ":8080", ":"+port)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "program"), filepath.Join(dir, "main.go"))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	site := "http://localhost:" + port
	apps.Run(t, dir, []string{"PALISADE_KEY=" + strings.Repeat("k1", 32)}, site+"/signup", filepath.Join(dir, "program"))

	b := blank(t)
	b.goTo(site + "/signup")
	b.fill(map[string]string{"name": "Ada <b>"})
	b.click("form button")
	b.until("document.body.innerText.includes('Welcome, Ada &lt;b&gt;')")

	resp, err := http.PostForm(site+"/signup", url.Values{"name": {"bot"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a bot got %s", resp.Status)
	}
}
