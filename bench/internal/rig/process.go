// Package rig is shared by the benchmarks and the soak: the app behind the proxies, a
// simulated browser, and child processes.
package rig

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Build builds palisade into a folder. It runs in the folder of palisade's own module, so
// that the result is the program that users get, even if another module calls it.
func Build(ctx context.Context, dir string) (binary string, err error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/palisade-dev/palisade").Output()
	if err != nil {
		return "", fmt.Errorf("finding palisade: %w; run this within its source", err)
	}
	binary = filepath.Join(dir, "palisade")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = filepath.Join(strings.TrimSpace(string(root)), "cmd", "palisade")
	build.Env = append(os.Environ(), "GOWORK=") // use palisade's workspace, if it has one, even if the caller does not
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building palisade: %w\n%s", err, text)
	}
	return binary, nil
}

// Gateway is a running palisade serve.
type Gateway struct {
	URL   string
	Admin string // of metrics
	Log   *Tail

	cmd    *exec.Cmd
	exited chan struct{}
	err    error // valid once exited is closed
}

// Serve starts palisade serve with a configuration file that listens on any ports.
func Serve(binary, config string) (*Gateway, error) {
	g := &Gateway{Log: &Tail{most: 200}, cmd: exec.Command(binary, "serve", "-config", config), exited: make(chan struct{})}
	g.cmd.Stderr = g.Log
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for (g.URL == "" || g.Admin == "") && lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		switch name {
		case "open":
			g.URL = strings.TrimSpace(value)
		case "metrics":
			g.Admin = strings.TrimSpace(value)
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, out) // until it ends
		g.err = g.cmd.Wait()
		close(g.exited)
	}()
	if g.URL == "" || g.Admin == "" {
		<-g.exited
		return nil, fmt.Errorf("palisade serve does not start: %w\n%s", g.err, g.Log)
	}
	return g, nil
}

// Exited is closed when the process has ended.
func (g *Gateway) Exited() <-chan struct{} { return g.exited }

// Hangup makes the process read its configuration again.
func (g *Gateway) Hangup() error { return g.cmd.Process.Signal(syscall.SIGHUP) }

// Stop ends the process with SIGTERM, as an operator does, and returns its error.
func (g *Gateway) Stop() error {
	_ = g.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-g.exited:
		return g.err
	case <-time.After(30 * time.Second):
		_ = g.cmd.Process.Kill()
		<-g.exited
		return errors.New("palisade serve did not end within 30 s of SIGTERM")
	}
}

// Tail keeps the last lines of output, without expected decisions and reloads. Under load,
// those would fill it completely.
type Tail struct {
	mu    sync.Mutex
	most  int
	lines []string
	part  string
}

var usual = regexp.MustCompile(`"level":"INFO","msg":"(palisade decision|the configuration was read again)"`)

// Write takes text that may begin and end within a line.
func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(t.part+string(b), "\n")
	t.part = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		if !usual.MatchString(line) {
			t.lines = append(t.lines, line)
		}
	}
	if over := len(t.lines) - t.most; over > 0 {
		t.lines = append(t.lines[:0], t.lines[over:]...)
	}
	return len(b), nil
}

// String returns the lines.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(append(t.lines[:len(t.lines):len(t.lines)], t.part), "\n")
}

// Self starts this program again in another role, which it passes in the environment. The
// child ends when the caller calls stop, or when this process ends: it reads its standard
// input to the end, see [UntilParentEnds]. Its first line is its address.
func Self(role string, env ...string) (addr string, stop func(), err error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), env...), RoleVariable+"="+role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = cmd.Wait() // it was told to end; its exit status is of no interest
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("%s does not start: %w", role, err)
	}
	return strings.TrimSpace(line), stop, nil
}

// RoleVariable tells a child of [Self] its role.
const RoleVariable = "PALISADE_BENCH_ROLE"

// UntilParentEnds returns when the process that called [Self] wants this one to end.
func UntilParentEnds() { _, _ = io.Copy(io.Discard, os.Stdin) }
