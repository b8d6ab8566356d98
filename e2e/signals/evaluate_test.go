package signals

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/signal"
)

// The scores from which the judgement asks for a step, and for the hardest one.
const (
	stepAt    = palisade.DefaultStep
	hardestAt = palisade.DefaultHardStep
)

// finding is what one signal found in one submission.
type finding struct {
	Layer  string  `json:"layer"`
	Reason string  `json:"reason"`
	Weight float64 `json:"weight,omitempty"` // when it was recorded
}

func (f finding) name() string { return f.Layer + "." + f.Reason }

// recorded is one run: a line of a recording.
type recorded struct {
	Client   string    `json:"client"`
	Kind     string    `json:"kind"` // automation or control
	Run      int       `json:"run"`
	Outcome  string    `json:"outcome"` // of the first decision: allow, challenge, deny
	Reason   string    `json:"reason"`
	Level    int       `json:"level"`
	Findings []finding `json:"findings"`
	Accepted bool      `json:"accepted"` // it reached the app
	At       string    `json:"at"`
}

func readRecording(in io.Reader) (all []recorded, err error) {
	for decoder := json.NewDecoder(in); ; {
		var r recorded
		if err := decoder.Decode(&r); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("run %d of the recording: %w", len(all)+1, err)
		}
		all = append(all, r)
	}
}

// weigh returns the score of findings under the present weights, as the judgement would, but
// without one finding. hard says that one of the others denies on its own.
func weigh(findings []finding, without string) (score float64, hard bool) {
	var sum signal.Score
	for _, f := range findings {
		if f.name() == without {
			continue
		}
		for i := range signal.All {
			if s := &signal.All[i]; s.Name == f.Layer && s.Mode == signal.Weigh {
				weight, soft := s.Weights[signal.Reason(f.Reason)]
				sum.Add(s.Group, weight)
				hard = hard || !soft
			}
		}
	}
	return sum.Total(), hard
}

// fate is what the judgement makes of a run, as far as findings decide.
type fate int

const (
	passes fate = iota
	steps
	hardest
	denied
)

// fateOf returns the fate of a run under the present weights without one finding. A run that
// lacks a proof or a ticket takes a step whatever is found.
func fateOf(r recorded, without string) fate {
	score, hard := weigh(r.Findings, without)
	switch {
	case hard:
		return denied
	case score >= hardestAt:
		return hardest
	case score >= stepAt || r.Outcome == "challenge" && r.Reason != "suspicious":
		return steps
	}
	return passes
}

// bound returns the upper end of the one-sided 95% interval of a rate of which n events were
// seen in total trials: for none, three by the number of trials.
func bound(n, total int) float64 {
	switch {
	case total == 0 || n == total:
		return 1
	case n == 0:
		return min(3/float64(total), 1)
	}
	// Clopper and Pearson: the rate at which n or fewer are as rare as one in twenty.
	low, high := 0.0, 1.0
	for range 60 {
		p := (low + high) / 2
		atMost, term := 0.0, math.Pow(1-p, float64(total))
		for k := range n + 1 {
			atMost += term
			term *= float64(total-k) / float64(k+1) * p / (1 - p)
		}
		if atMost > 0.05 {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// tables writes the evaluation of a recording.
func tables(all []recorded) string {
	var b strings.Builder
	b.WriteString("| client | kind | runs | accepted without a step | stepped | denied | with the present weights | why |\n|---|---|---|---|---|---|---|---|\n")
	for _, kind := range []string{automation, control} {
		for _, name := range names(all, kind) {
			count := make(map[string]int)
			var now [denied + 1]int
			var why []string
			runs := 0
			for _, r := range all {
				if r.Client != name {
					continue
				}
				runs++
				count[r.Outcome]++
				now[fateOf(r, "")]++
				if r.Outcome != "allow" && !slices.Contains(why, r.Reason) {
					why = append(why, r.Reason)
				}
			}
			fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d pass, %d step, %d hardest, %d denied | %s |\n", name, kind, runs,
				count["allow"], count["challenge"], count["deny"], now[passes], now[steps], now[hardest], now[denied], strings.Join(why, ", "))
		}
	}

	b.WriteString("\n| finding | automation runs | clients | control runs | upper bound for controls | without it |\n|---|---|---|---|---|---|\n")
	total := make(map[string]int)
	for _, r := range all {
		total[r.Kind]++
	}
	for _, f := range findings(all) {
		in := make(map[string]int)
		var found []string
		for _, r := range all {
			if !slices.ContainsFunc(r.Findings, func(g finding) bool { return g.name() == f }) {
				continue
			}
			in[r.Kind]++
			if !slices.Contains(found, r.Client) {
				found = append(found, r.Client)
			}
		}
		slices.Sort(found)
		fmt.Fprintf(&b, "| %s | %d of %d | %s | %d of %d | %.1f%% | %s |\n", f, in[automation], total[automation], strings.Join(found, "; "),
			in[control], total[control], 100*bound(in[control], total[control]), changes(all, f))
	}
	return b.String()
}

// changes says which clients get more without a finding.
func changes(all []recorded, without string) string {
	var said []string
	for _, change := range []struct {
		text string
		is   func(before, after fate) bool
	}{
		{"passes", func(before, after fate) bool { return before != passes && after == passes }},
		{"takes an easier step", func(before, after fate) bool { return before == hardest && after == steps }},
		{"is not denied", func(before, after fate) bool { return before == denied && after != denied && after != passes }},
	} {
		count, runs := make(map[string]int), make(map[string]int)
		var clients []string
		for _, r := range all {
			runs[r.Client]++
			if change.is(fateOf(r, ""), fateOf(r, without)) {
				if count[r.Client]++; count[r.Client] == 1 {
					clients = append(clients, r.Client)
				}
			}
		}
		slices.Sort(clients)
		for _, name := range clients {
			said = append(said, fmt.Sprintf("%s %s (%d of %d)", name, change.text, count[name], runs[name]))
		}
	}
	if said == nil {
		return "nothing changes"
	}
	return strings.Join(said, "; ")
}

// names returns the clients of a kind, in the order of the recording's clients and then of
// what is unknown by now.
func names(all []recorded, kind string) (list []string) {
	add := func(name string) {
		if !slices.Contains(list, name) && slices.ContainsFunc(all, func(r recorded) bool { return r.Client == name && r.Kind == kind }) {
			list = append(list, name)
		}
	}
	for _, c := range clients {
		add(c.name)
	}
	for _, r := range all {
		add(r.Client)
	}
	return list
}

func findings(all []recorded) (list []string) {
	for _, r := range all {
		for _, f := range r.Findings {
			if !slices.Contains(list, f.name()) {
				list = append(list, f.name())
			}
		}
	}
	slices.Sort(list)
	return list
}

const (
	document = "../../docs/signals.md"
	opening  = "<!-- make signals writes this part -->\n"
	closing  = "<!-- end of the part -->\n"
)

// report evaluates a recording.
func report(t *testing.T, file string) {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	all, err := readRecording(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("%s: no runs", file)
	}
	text := tables(all)
	fmt.Print("\n" + text)
	if !*write {
		return
	}
	old, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := strings.Cut(string(old), opening)
	_, after, closed := strings.Cut(rest, closing)
	if !opened || !closed {
		t.Fatalf("%s has no part between %q and %q", document, opening, closing)
	}
	first, last := all[0].At, all[0].At
	for _, r := range all {
		first, last = min(first, r.At), max(last, r.At)
	}
	part := fmt.Sprintf("%d runs, recorded from %.10s to %.10s.\n\n", len(all), first, last)
	if err := os.WriteFile(document, []byte(before+opening+part+text+closing+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

var updateGolden = flag.Bool("update", false, "write testdata/tables.golden anew")

// The recording has runs of each fate. The weights in the golden file are those of package
// signal, so a change of a weight may change it.
func TestTables(t *testing.T) {
	in, err := os.Open("testdata/recording.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	all, err := readRecording(in)
	if err != nil {
		t.Fatal(err)
	}
	got := []byte(tables(all))
	if *updateGolden {
		if err := os.WriteFile("testdata/tables.golden", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/tables.golden")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the tables are not those of testdata/tables.golden; if that is meant, run with -args -update\n%s", got)
	}
}

func TestBound(t *testing.T) {
	for _, row := range []struct {
		n, total int
		want     float64
	}{{0, 0, 1}, {0, 300, 0.01}, {0, 2, 1}, {1, 10, 0.3942}, {5, 100, 0.1022}, {3, 3, 1}} {
		if got := bound(row.n, row.total); math.Abs(got-row.want) > 0.0005 {
			t.Errorf("%d of %d: %.4f, want %.4f", row.n, row.total, got, row.want)
		}
	}
}

func TestDecisionsOfTheLog(t *testing.T) {
	l := &logged{}
	for _, part := range []string{
		"open http://localhost\n" + `{"msg":"palisade ticket","ticket":{"form":"signup"}}` + "\n" + `{"msg":"palisade decision","decision":{"id":"x","outcome":"challenge",`,
		`"reason":"suspicious","level":1,"score":3,"finding.timing.too-fast":2.5,"detail.origin":"a","finding.origin.no-origin-headers":0.5}}` + "\n",
	} {
		if _, err := l.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	want := decision{Outcome: "challenge", Reason: "suspicious", Level: 1, Findings: []finding{{"timing", "too-fast", 2.5}, {"origin", "no-origin-headers", 0.5}}}
	got := l.since(0)
	if l.err != nil || len(got) != 1 || got[0].Outcome != want.Outcome || got[0].Level != want.Level || !slices.Equal(got[0].Findings, want.Findings) {
		t.Errorf("got %+v (%v), want %+v", got, l.err, want)
	}
}

func TestClientsHaveNamesOfTheirOwn(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range clients {
		if seen[c.name] || c.drive == nil || c.kind != automation && c.kind != control {
			t.Errorf("%q: %q", c.name, c.kind)
		}
		seen[c.name] = true
	}
}
