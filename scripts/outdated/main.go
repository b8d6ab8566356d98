// Outdated reports the Go dependencies of the repository that are behind by more than a
// minor release, and fails if there is one.
//
//	go run ./scripts/outdated
//
// Only releases that the go directive of the module allows count. A newer one would raise
// the version of Go that users need, which is a separate decision.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// held are modules that may be behind, with the reason.
var held = map[string]string{
	"github.com/chromedp/chromedp": "from 0.23 its actions are generic: the tests of e2e must be written anew",
	"github.com/chromedp/cdproto":  "goes with chromedp",
}

const own = "github.com/palisade-dev/palisade"

func main() {
	behind, err := outdated()
	if err != nil {
		fmt.Fprintln(os.Stderr, "outdated: nothing is known, because the module proxy cannot be reached or does not answer:", err)
		os.Exit(1)
	}
	for _, line := range behind {
		fmt.Println(line)
	}
	if len(behind) > 0 {
		os.Exit(1)
	}
}

// module is one module in the output of go list.
type module struct {
	Path, Version, Dir, GoMod, GoVersion string
	Update                               *module
	Error                                *struct{ Err string }
}

func outdated() (behind []string, err error) {
	dirs, err := command(".", true, "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	for dir := range strings.Lines(dirs) {
		lines, err := behindIn(strings.TrimSpace(dir))
		if err != nil {
			return nil, err
		}
		behind = append(behind, lines...)
	}
	return behind, nil
}

// behindIn checks the modules that a go.mod names. Other modules of the graph are not linked
// into any program.
func behindIn(dir string) (behind []string, err error) {
	var file struct {
		Module  struct{ Path string }
		Go      string
		Require []module
	}
	if err := list(dir, func(d *json.Decoder) error { return d.Decode(&file) }, "mod", "edit", "-json"); err != nil {
		return nil, err
	}
	paths := []string{"list", "-m", "-u", "-json"}
	for _, m := range file.Require {
		if !strings.HasPrefix(m.Path, own) && held[m.Path] == "" {
			paths = append(paths, m.Path)
		}
	}
	if len(paths) == 4 {
		return nil, nil
	}
	err = list(dir, func(d *json.Decoder) error {
		var m module
		if err := d.Decode(&m); err != nil {
			return err
		}
		if m.Error != nil {
			return errors.New(m.Error.Err)
		}
		if m.Update == nil || !far(m.Version, m.Update.Version) {
			return nil
		}
		newest, err := newestFor(file.Go, dir, m)
		if err == nil && far(m.Version, newest) {
			behind = append(behind, fmt.Sprintf("%s: %s %s is behind %s", file.Module.Path, m.Path, m.Version, newest))
		}
		return err
	}, paths...)
	return behind, err
}

// newestFor returns the newest release of a module that works with a version of Go.
func newestFor(goVersion, dir string, m module) (string, error) {
	out, err := command(dir, false, "list", "-m", "-versions", "-f", `{{join .Versions "\n"}}`, m.Path)
	if err != nil {
		return "", err
	}
	releases := slices.DeleteFunc(strings.Fields(out), func(v string) bool { return strings.ContainsAny(v, "-+") })
	for _, release := range slices.Backward(releases) {
		if !far(m.Version, release) {
			break
		}
		needs, err := goOf(dir, m.Path+"@"+release)
		if err != nil {
			return "", err
		}
		if version.Compare("go"+needs, "go"+goVersion) <= 0 {
			return release, nil
		}
	}
	return m.Version, nil
}

var goDirective = regexp.MustCompile(`(?m)^go (\S+)`)

// goOf reads the go directive of a release.
func goOf(dir, release string) (string, error) {
	var m module
	if err := list(dir, func(d *json.Decoder) error { return d.Decode(&m) }, "list", "-m", "-json", release); err != nil {
		return "", err
	}
	raw, err := os.ReadFile(m.GoMod)
	if err != nil {
		return "", err
	}
	if match := goDirective.FindSubmatch(raw); match != nil {
		return string(match[1]), nil
	}
	return "1.16", nil // the version that Go itself assumes
}

// far reports whether two releases are more than one minor release apart.
func far(from, to string) bool {
	a, b := minor(from), minor(to)
	return b-a > 1
}

func minor(release string) int {
	parts := strings.Split(release, ".")
	if len(parts) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(parts[1]) // listed releases are well formed
	return n
}

// list runs a go command and passes each object of its output on.
func list(dir string, take func(*json.Decoder) error, arguments ...string) error {
	out, err := command(dir, false, arguments...)
	if err != nil {
		return err
	}
	for decoder := json.NewDecoder(strings.NewReader(out)); ; {
		if err := take(decoder); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// command runs go outside the workspace, or in it, without changing a file.
func command(dir string, workspace bool, arguments ...string) (string, error) {
	run := exec.Command("go", arguments...)
	run.Dir = dir
	run.Env = os.Environ()
	if !workspace {
		run.Env = append(run.Env, "GOWORK=off", "GOTOOLCHAIN=local")
	}
	var out, said bytes.Buffer
	run.Stdout, run.Stderr = &out, &said
	if err := run.Run(); err != nil {
		return "", fmt.Errorf("%s: %s", run, cmp.Or(strings.TrimSpace(said.String()), err.Error()))
	}
	return out.String(), nil
}
