package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/attack"
)

// The whole attack, as users run it: the documented table holds for every attacker, and the
// person gets through. The program is built without the race detector. With it a proof of
// work takes twelve times as long, so the quickest attackers would be as slow as people.
// Package attack runs the cheap attackers with the race detector.
func TestEveryAttackerGetsWhatIsDocumented(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "palisade")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), program, "demo", "-attack", "-json")
	command.Stdout, command.Stderr = &stdout, &stderr
	failed := command.Run()
	var results []attack.Result
	if err := json.Unmarshal(stdout.Bytes(), &results); err != nil {
		t.Fatalf("%v, %v\n%s", failed, err, &stderr)
	}
	var table bytes.Buffer
	if err := attack.WriteTable(&table, results); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
	if failed != nil {
		t.Errorf("%v\n%s", failed, &stderr)
	}

	want := []struct {
		attack  string
		tried   int
		effects int // may differ if the machine was so slow that a quick attack was none, or part of a limit came back
		without int
		why     string // a required reason among those that stopped it
	}{
		{"posts without a token", 10, 0, 10, "ticket-missing"},
		{"a made-up token", 10, 0, 10, "ticket-forged"},
		{"the same token twice", 2, 1, 2, "ticket-spent"},
		{"the same token 50 times at once", 50, 1, 50, "ticket-spent"},
		{"POST without ever loading the page", 10, 0, 10, "ticket-missing"},
		{"the JSON twin, called directly", 10, 0, 10, "ticket-forged"},
		{"a forged load time", 10, 0, 10, "ticket-forged"},
		{"a filled decoy", 5, 0, 5, "decoy-filled"},
		{"a burst over the limit", 12, 5, 12, "address-limit"},
		{"a spoofed X-Forwarded-For", 12, 5, 12, "address-limit"},
		{"a submit faster than a person types", 5, 0, 5, "too-fast"},
		{"solves natively, submits at once", 10, 0, 10, "inhuman"},
		{"mints 60 tickets, waits, sends all", 60, 5, 60, "address-limit"},
		{"obeys the challenge: solves, waits", 24, 10, 12, "over-limit"},
		{"bought tokens, 60 from one address", 60, 10, 60, "over-limit"},
		{"bought tokens, 60 from 60 networks", 60, 60, 60, ""},
		{"tickets of one place, 100 networks", 100, 20, 100, "network-limit"},
		{"60 /64s of one IPv6 /48", 60, 20, 60, "network-limit"},
		{"4 sessions, 120 writes, one address", 120, 30, 120, "over-limit"},
		{"60 sessions, 600 writes, 60 networks", 600, 600, 600, ""},
		{"one session, 64 writes at once", 64, 30, 64, "session-used-up"},
		{"a stolen session cookie", 11, 1, 11, "session-invalid"},
		{"300 made-up proofs, then a neighbour", 301, 1, 301, ""},
		{"a person", 1, 1, 1, ""},
	}
	if len(results) != len(want) {
		t.Fatalf("%d rows, want %d", len(results), len(want))
	}
	for i, w := range want {
		r := results[i]
		slow := r.Most - w.effects
		if r.Attack != w.attack || r.Tried != w.tried || r.Without != w.without {
			t.Errorf("row %d is %q, tried %d, without palisade %d; want %+v", i, r.Attack, r.Tried, r.Without, w)
		}
		if r.Effects < w.effects || r.Effects > w.effects+slow || slow < 0 || !r.OK {
			t.Errorf("%s: %d effects (%v), want %d", r.Attack, r.Effects, r.OK, w.effects)
		}
		if w.why != "" && slow == 0 && r.Stopped[w.why] == 0 {
			t.Errorf("%s: stopped by %v, want %s among them", r.Attack, r.Stopped, w.why)
		}
		if r.Answers["500"]+r.Answers["503"] != 0 {
			t.Errorf("%s: answers %v", r.Attack, r.Answers)
		}
	}
}
