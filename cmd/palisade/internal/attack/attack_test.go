package attack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/attack"
)

func TestAttackThatIsCalledOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := attack.Run(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the context was cancelled", err)
	}
}

var rows = []attack.Result{
	{Attack: "a made-up token", Trusts: "socket", Tried: 3, Answers: map[string]int{"403": 3}, Without: 3, Stopped: map[string]int{"ticket-forged": 3}, Verdict: "stopped", OK: true},
	{Attack: "a person", Trusts: "socket", Tried: 1, Answers: map[string]int{"303": 1}, Effects: 1, Least: 1, Most: 1, Without: 1, Verdict: "let through", OK: true},
	{Attack: "a leak", Trusts: "socket", Tried: 2, Answers: map[string]int{"403": 1, "303": 1}, Effects: 1, Without: 2, Verdict: "FAILED"},
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := attack.WriteTable(&b, rows); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	column := strings.Index(lines[0], "verdict")
	for i, want := range []string{"stopped", "let through", "FAILED"} {
		if line := []rune(lines[1+i]); string(line[column:]) != want {
			t.Errorf("the verdict of row %d is not aligned:\n%s", i, &b)
		}
	}
	if !strings.Contains(b.String(), "303×1 403×1") {
		t.Errorf("no histogram of the answers:\n%s", &b)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := attack.WriteJSON(&b, rows); err != nil {
		t.Fatal(err)
	}
	var back []attack.Result
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if len(back) != 3 || attack.Failures(back) != 1 || back[0].Stopped["ticket-forged"] != 3 {
		t.Errorf("it reads back as %+v", back)
	}
}

func TestWhy(t *testing.T) {
	findings := []palisade.Finding{{Reason: "agent-changed", Weight: 1}, {Reason: "too-fast", Weight: 2.5}}
	if got := attack.Why(palisade.ReasonSuspicious, findings); got != "too-fast" {
		t.Errorf("suspicious because of %q, want the heaviest finding", got)
	}
	if got := attack.Why(palisade.ReasonOverLimit, findings); got != "over-limit" {
		t.Errorf("%q, want the reason itself", got)
	}
	if got := attack.Why(palisade.ReasonSuspicious, nil); got != "suspicious" {
		t.Errorf("%q, want the reason itself", got)
	}
}
