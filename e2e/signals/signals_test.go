package signals

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/e2e/apps"
)

var (
	runs     = flag.Int("runs", 0, "drive each automation so many times")
	controls = flag.Int("controls", 0, "drive so many controls, of all kinds in turn")
	record   = flag.String("record", "", "append what was found to this file, relative to the package")
	from     = flag.String("from", "", "evaluate this recording without driving anything")
	write    = flag.Bool("write", false, "write the evaluation of -from or -record into docs/signals.md")
	events   = flag.String("events", "", "append to this file what the page saw of each run: for who looks for new signals")
	only     = flag.String("only", "", "drive the clients whose names contain this")
	seed     = flag.Uint64("seed", 1, "of what is typed and how")
)

func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	apps.Clean()
	os.Exit(status)
}

// lanes is how many runs there are at once.
const lanes = 3

// patience is how long a run may take. It measures nothing: a run that takes longer is broken.
const patience = 3 * time.Minute

// work is one run of a client.
type work struct {
	client client
	run    int
}

func TestSignals(t *testing.T) {
	if *from != "" {
		report(t, *from)
		return
	}
	if *runs == 0 && *controls == 0 {
		t.Log("drives only with -args -runs N -controls M; see doc.go")
		return
	}
	var all []work
	people := 0
	for run := range max(*runs, *controls) {
		for _, c := range clients {
			switch {
			case !strings.Contains(c.name, *only):
			case c.kind == automation && run < *runs:
				all = append(all, work{c, run})
			case c.kind == control && people < *controls:
				people++
				all = append(all, work{c, run})
			}
		}
	}
	needTools(t)

	file := *record
	if file == "" {
		file = filepath.Join(t.TempDir(), "recording.jsonl")
	}
	out, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()

	var watched io.Writer = io.Discard
	if *events != "" {
		f, err := os.OpenFile(*events, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		watched = f
	}

	queue := make(chan work, len(all))
	for _, w := range all {
		queue <- w
	}
	close(queue)
	var group sync.WaitGroup
	var mu sync.Mutex // of out and watched
	for range min(lanes, len(all)) {
		l := newLane(t)
		group.Go(func() {
			for w := range queue {
				got, err := l.drive(w)
				if saw := l.site.events(); saw != nil {
					mu.Lock()
					_ = json.NewEncoder(watched).Encode(map[string]any{"client": w.client.name, "kind": w.client.kind, "run": w.run, "events": saw})
					mu.Unlock()
				}
				if err != nil {
					t.Errorf("%s, run %d: %v", w.client.name, w.run, err)
					continue
				}
				line, err := json.Marshal(got)
				if err != nil {
					t.Error(err)
					continue
				}
				t.Logf("%s", line)
				mu.Lock()
				_, err = out.Write(append(line, '\n'))
				mu.Unlock()
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	report(t, file)
}

// drive runs a client once and returns what the gateway found in its submission.
func (l *lane) drive(w work) (recorded, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	before := l.log.count()
	accepted, _ := l.site.accepted()
	home, err := os.MkdirTemp("", "palisade-signals-")
	if err != nil {
		return recorded{}, err
	}
	defer os.RemoveAll(home)
	run := &running{lane: l, home: home, seed: *seed*1000 + uint64(w.run)}
	name := fnv.New64a()
	_, _ = name.Write([]byte(w.client.name)) // cannot fail
	run.rng = rand.New(rand.NewPCG(run.seed, name.Sum64()))
	run.decided = func() int { return l.log.count() - before }
	failed := w.client.drive(ctx, run)
	if failed == nil {
		failed = run.wait(ctx, "the gateway decides", func() bool { return run.decided() > run.ignored })
	}
	time.Sleep(time.Second) // a challenge that is silent is answered by now, and the app has the submission
	decisions := l.log.since(before)
	if failed != nil {
		return recorded{}, fmt.Errorf("%w (decisions: %+v)", failed, decisions)
	}
	first := decisions[run.ignored]
	after, last := l.site.accepted()
	got := recorded{
		Client: w.client.name, Kind: w.client.kind, Run: w.run, Outcome: first.Outcome, Reason: first.Reason, Level: first.Level,
		Findings: first.Findings, Accepted: after-accepted > run.ignored, At: time.Now().UTC().Format(time.RFC3339),
	}
	if want := run.typed; got.Accepted && want != nil && strings.Join(want, "\n") != strings.Join(last, "\n") {
		return got, fmt.Errorf("typed %q, and the app got %q", want, last)
	}
	return got, nil
}

// running is a run under way.
type running struct {
	lane    *lane
	home    string // an empty folder for profiles
	seed    uint64
	rng     *rand.Rand
	decided func() int // how many decisions there are
	ignored int        // how many submissions came before the one to record
	typed   []string   // what the app should get, if the client knows
}

func (r *running) wait(ctx context.Context, what string, is func() bool) error {
	for !is() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("it never came to: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// command runs a program of a client to its end.
func (r *running) command(ctx context.Context, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &said, &said, r.env()
	p, err := begin(cmd)
	if err != nil {
		return err
	}
	defer p.stop()
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.stop()
	}
	if !cmd.ProcessState.Success() {
		return fmt.Errorf("%s: %s\n%s", name, cmd.ProcessState, said.String())
	}
	return nil
}

func (r *running) env() []string {
	return append(os.Environ(), "BASE="+r.lane.base, fmt.Sprint("SEED=", r.seed), "DISPLAY="+r.lane.display, "HOME="+r.home, "TMPDIR="+r.home,
		"CHROMIUM="+browsers.chromium, "FIREFOX="+browsers.firefox, "CHROMEDRIVER="+browsers.chromedriver, "SE_OFFLINE=true", "SE_AVOID_STATS=true")
}

// process is a program under way, with all that it started: browsers have many processes.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed at its end
}

func begin(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd, make(chan struct{})}
	go func() { _ = cmd.Wait(); close(p.ended) }()
	return p, nil
}

// stop ends the program, if it has not ended, and what it left behind.
func (p *process) stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}
