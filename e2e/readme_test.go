package e2e_test

import (
	"io"
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
	b.driven()
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

// driven takes the step that is asked of a browser that a program drives.
func (b *tab) driven() {
	b.until("document.querySelector(%q)?.getBoundingClientRect().width", checkbox)
	b.click(checkbox)
}

// The command of the README, as it stands there, in front of an app that knows nothing of it.
func TestTheCommandOfTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^go run ./cmd/palisade (serve -upstream http://127\.0\.0\.1:8000 .*)$`).FindSubmatch(readme)
	test := regexp.MustCompile(`(?m)^curl -i -d '(.*)' http://127\.0\.0\.1:8080(/\S+) +# 403, "(.*)"$`).FindSubmatch(readme)
	if command == nil || test == nil {
		t.Fatal("the README has no command for the gateway, or none that tests it")
	}
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	app, address := apps.Django(t, "gunicorn"), "127.0.0.1:"+apps.FreePort(t)
	var args []string
	for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(string(command[1]), -1) {
		args = append(args, strings.ReplaceAll(strings.Trim(word, "'"), "http://127.0.0.1:8000", app.URL))
	}
	args = append(args, "-listen", address, "-admin", "off")
	apps.Run(t, t.TempDir(), nil, "http://"+address+"/.palisade/palisade.js", append([]string{file}, args...)...)

	resp, err := http.Post("http://"+address+string(test[2]), "application/x-www-form-urlencoded", strings.NewReader(string(test[1])))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusForbidden || !strings.Contains(string(page), string(test[3])) {
		t.Errorf("a bot got %s, %v\n%s", resp.Status, err, page)
	}
	if n := app.Effects()["users"]; n != 0 {
		t.Errorf("%d users of a bot", n)
	}
	b := blank(t)
	b.goTo("http://localhost:" + address[strings.IndexByte(address, ':')+1:] + "/signup/")
	b.fill(newMember)
	b.click("form button")
	b.driven()
	b.arrives("/welcome/")
	if n := app.Effects()["users"]; n != 1 {
		t.Errorf("%d users, want 1", n)
	}
}
