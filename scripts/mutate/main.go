// Mutate changes one small thing of the code at a time and runs the tests that should
// notice.
//
//	go run ./scripts/mutate                       # all of the files below; takes hours
//	go run ./scripts/mutate -file ticket.go
//	go run ./scripts/mutate -sample 100 -seed 7
//
// If no test notices a mutant, a rule has no test, or the code has no effect, or the mutant
// changes nothing. explained.txt lists the mutants that change nothing. A flaky test kills
// mutants that it does not test, so leave the tree alone meanwhile. When interrupted, mutate
// reports the results so far.
//
// It never changes the tree. The compiler reads the mutant instead of the file (go test
// -overlay), so that the tests of any package can judge it.
//
// It is a package of the root module, because it adds no dependencies. So all checks of the
// root module cover it: vet, the linter, the house rules.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// target is a file and the packages whose tests judge it. A package tests only the mutants
// that survived the packages before it.
type target struct {
	file     string
	packages []string
}

var (
	core  = []string{".", "./internal/service", "./internal/gateway"}
	read  = []string{"./internal/submission", "."}
	files = []target{
		{"check.go", core}, {"submission.go", core}, {"limit.go", core}, {"attempt.go", core}, {"offer.go", core}, {"ladder.go", core},
		{"session.go", core}, {"settle.go", core}, {"receipt.go", core},
		{"challenge/ladder.go", []string{"./challenge", "."}}, {"challenge/kind.go", []string{"./challenge", "."}},
		{"challenge/provider/provider.go", []string{"."}}, {"challenge/work/work.go", []string{"."}},
		{"internal/submission/submission.go", read}, {"internal/submission/body.go", read}, {"internal/submission/multipart.go", read},
		{"internal/submission/json.go", read}, {"internal/submission/strip.go", read},
		{"internal/ticket/ticket.go", []string{"./internal/ticket", "."}}, {"internal/ticket/capsule.go", []string{"./internal/ticket", "."}},
		{"internal/duplicate/duplicate.go", []string{"."}},
		{"signal/timing.go", []string{"./signal", "."}}, {"signal/origin.go", []string{"./signal", "."}}, {"signal/decoy.go", []string{"./signal", "."}},
		{"signal/score.go", []string{"./signal", "."}}, {"signal/signal.go", []string{"./signal", "."}},
		{"internal/gateway/stream.go", []string{"./internal/gateway"}}, {"internal/host/host.go", []string{"./internal/host", "."}},
		{"internal/names/names.go", []string{"./internal/names", "."}}, {"pow/puzzles.go", []string{"./pow", "."}},
		{"store/memory/memory.go", []string{"./store/memory", "."}},
		{"store/memory/table.go", []string{"./store/memory"}},
		{"internal/route/route.go", []string{"./internal/route", "./internal/gateway"}},
		{"internal/route/query.go", []string{"./internal/route", "./internal/gateway"}},
		{"internal/route/plain.go", []string{"./internal/route", "./internal/gateway"}},
		{"internal/route/when.go", []string{"./internal/route", "./internal/gateway"}},
		{"internal/route/skeleton.go", []string{"./internal/route", "./internal/gateway"}},
		{"internal/service/sign.go", []string{"./internal/service"}},
		{"verdict/verdict.go", []string{"./verdict", "./internal/gateway"}},
		{"clientip/clientip.go", []string{"./clientip", "."}},
	}
)

// aside are tests that read the files of the tree. They cannot notice a mutant.
const aside = "TestImportsPointOneWay|TestDependencies|TestEveryModuleIsInTheWorkspace|TestModuleFiles|TestNothingOfOneMachineIsCommitted|TestNotice.*"

// slow are tests that take most of the time of their packages. They test only the mutants
// that survived all other tests.
const slow = "TestAFloodOfMadeUpProofsLeavesRoomForPeople|TestReplayIsOneEffect|TestWhenTheServiceFails|TestAConditionLooksIntoWhatAChallengePageSends"

const (
	wanted  = 95.0    // per cent of mutants that must be killed
	memory  = 8 << 20 // KiB of address space; a mutant may allocate without end
	longest = 3 * time.Minute
)

var (
	only    = flag.String("file", "", "mutate this file alone; several with commas between")
	sample  = flag.Int("sample", 0, "run only so many mutants, chosen by -seed")
	seed    = flag.Uint64("seed", 1, "of -sample")
	workers = flag.Int("workers", runtime.NumCPU(), "mutants at a time")
	list    = flag.Bool("list", false, "list the mutants and run nothing")
)

// fate is the result of a mutant.
type fate int

const (
	untried fate = iota
	killed
	survived
	explained
	unbuilt // the compiler refused it
	fates
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context) (ok bool, err error) {
	reasons, err := readReasons("scripts/mutate/explained.txt")
	if err != nil {
		return false, err
	}
	chosen, mutants, err := choose()
	if err != nil {
		return false, err
	}
	stale := reasons.stale(chosen, mutants)
	for _, line := range stale {
		fmt.Println("explained.txt explains what is not there:", line)
	}
	mutants = draw(mutants)
	if *list {
		for _, m := range mutants {
			fmt.Println(m)
		}
		return len(stale) == 0, nil
	}
	lab, err := newLab(ctx, chosen)
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(lab.dir)
	ok = report(chosen, mutants, lab.all(ctx, mutants, reasons))
	return ok && len(stale) == 0 && ctx.Err() == nil, ctx.Err()
}

func choose() (chosen []target, mutants []*mutant, err error) {
	names := strings.Split(*only, ",")
	for _, t := range files {
		if *only != "" && !slices.Contains(names, t.file) {
			continue
		}
		more, err := mutantsOf(t.file, t.file)
		if err != nil {
			return nil, nil, err
		}
		chosen, mutants = append(chosen, t), append(mutants, more...)
	}
	if len(chosen) == 0 {
		return nil, nil, fmt.Errorf("%q is none of the files", *only)
	}
	return chosen, mutants, nil
}

// draw returns a sample in the order of the files.
func draw(mutants []*mutant) []*mutant {
	if *sample <= 0 || *sample >= len(mutants) {
		return mutants
	}
	order := rand.New(rand.NewPCG(*seed, 0)).Perm(len(mutants))[:*sample]
	slices.Sort(order)
	var drawn []*mutant
	for _, i := range order {
		drawn = append(drawn, mutants[i])
	}
	return drawn
}

// lab builds and tests mutants.
type lab struct {
	dir      string
	packages map[string][]string // by file
	cpu      map[string]int      // seconds of processor time, by package
}

// newLab runs the tests of the unchanged code. It makes sure that they pass, and measures
// their time, from which the limits for mutants follow.
func newLab(ctx context.Context, chosen []target) (*lab, error) {
	l := &lab{packages: map[string][]string{}, cpu: map[string]int{}}
	for _, t := range chosen {
		l.packages[t.file] = t.packages
		for _, pkg := range t.packages {
			if l.cpu[pkg] != 0 {
				continue
			}
			l.cpu[pkg] = 600
			start := processorTime()
			if out, err := l.test(ctx, pkg, "", "-skip=^("+aside+")$"); err != nil {
				return nil, fmt.Errorf("the tests of %s fail without a mutant: %w\n%s", pkg, err, out)
			}
			// The measured time includes the build, so the limit is more than three times
			// the time of the tests.
			l.cpu[pkg] = 10 + 3*int((processorTime()-start).Seconds())
		}
	}
	var err error
	l.dir, err = os.MkdirTemp("", "mutate")
	return l, err
}

// test runs the tests of a package. The limits of the shell end a test that computes or
// allocates without end. They limit processor time, so that a busy machine kills no mutant.
// go test ends a test that waits without end.
func (l *lab) test(ctx context.Context, pkg, overlay, which string) (string, error) {
	args := []string{"-c", fmt.Sprintf(`ulimit -v %d && ulimit -t %d && exec "$@"`, memory, l.cpu[pkg]), "sh", "go", "test", "-short", "-failfast", "-count=1", "-vet=off", "-p=1",
		which, "-timeout=" + longest.String()}
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	cmd := exec.CommandContext(ctx, "sh", append(args, pkg)...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// processorTime is the processor time of all commands that have ended.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err != nil {
		panic(err) // the only possible error is a wrong argument
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func (l *lab) all(ctx context.Context, mutants []*mutant, why reasons) []fate {
	ends := make([]fate, len(mutants))
	next := make(chan int)
	var done sync.WaitGroup
	var mu sync.Mutex
	var count [fates]int
	for worker := range max(*workers, 1) {
		done.Go(func() {
			for i := range next {
				end := l.try(ctx, worker, mutants[i])
				if ctx.Err() != nil {
					continue // the interrupt failed its tests
				}
				if end == survived && why.explain(mutants[i]) {
					end = explained
				}
				mu.Lock()
				ends[i] = end
				count[end]++
				fmt.Fprintf(os.Stderr, "\r%d of %d: %d killed, %d survived, %d explained, %d not compiled ",
					count[killed]+count[survived]+count[explained]+count[unbuilt], len(mutants), count[killed], count[survived], count[explained], count[unbuilt])
				if end == survived {
					fmt.Fprintf(os.Stderr, "\r%s\n", mutants[i])
				}
				mu.Unlock()
			}
		})
	}
	for i := 0; i < len(mutants) && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	done.Wait()
	fmt.Fprintln(os.Stderr)
	return ends
}

// try runs the tests of a mutant's packages, the slow tests last.
func (l *lab) try(ctx context.Context, worker int, m *mutant) fate {
	overlay, err := l.overlay(worker, m)
	if err != nil {
		panic(err) // no room for a small file
	}
	for _, which := range []string{"-skip=^(" + aside + "|" + slow + ")$", "-run=^(" + slow + ")$"} {
		for _, pkg := range l.packages[m.file] {
			out, err := l.test(ctx, pkg, overlay, which)
			switch {
			case err == nil:
			case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
				return unbuilt
			default:
				return killed
			}
		}
	}
	return survived
}

func (l *lab) overlay(worker int, m *mutant) (string, error) {
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	source := filepath.Join(l.dir, fmt.Sprintf("%d.go", worker))
	text, _ := json.Marshal(map[string]map[string]string{"Replace": {original: source}})
	name := filepath.Join(l.dir, fmt.Sprintf("%d.json", worker))
	if err := os.WriteFile(source, m.source, 0o600); err != nil {
		return "", err
	}
	return name, os.WriteFile(name, text, 0o600)
}

// report prints the fates of the mutants, and returns whether enough were killed.
func report(chosen []target, mutants []*mutant, ends []fate) bool {
	var total [fates]int
	row := func(name string, n [fates]int) float64 {
		rate := 100.0
		if all := n[killed] + n[survived]; all > 0 {
			rate = 100 * float64(n[killed]) / float64(all)
		}
		fmt.Printf("%-28s %6d %8d %9d %12d %6.1f %%\n", name, n[killed], n[survived], n[explained], n[unbuilt], rate)
		return rate
	}
	for i, m := range mutants {
		if ends[i] == survived {
			fmt.Println(m)
		}
	}
	fmt.Printf("%-28s %6s %8s %9s %12s\n", "file", "killed", "survived", "explained", "not compiled")
	for _, t := range chosen {
		var n [fates]int
		for i, m := range mutants {
			if m.file == t.file {
				n[ends[i]]++
				total[ends[i]]++
			}
		}
		row(t.file, n)
	}
	return row("total", total) >= wanted
}
