package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os/exec"
	"testing"

	"github.com/palisade-dev/palisade/signal"
)

// Headers that browsers of real visitors sent. A finding in them would be one in a person, so
// each has a bound; some of these samples are of bots that pose as browsers.
func TestHeadersOfRealVisitorsAreSeldomSuspicious(t *testing.T) {
	t.Parallel()
	said, err := exec.Command("node", "agents.mjs").Output()
	if err != nil {
		t.Fatalf("node agents.mjs: %v; it needs header-generator and user-agents, which scripts/tools.sh installs", err)
	}
	client := signalNamed(t, "client")
	total, found := make(map[string]int), make(map[string]map[signal.Reason]int)
	lines := bufio.NewScanner(bytes.NewReader(said))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var sample struct {
			Of      string
			Headers map[string]string
		}
		if err := json.Unmarshal(lines.Bytes(), &sample); err != nil {
			t.Fatal(err)
		}
		e := signal.Evidence{Header: http.Header{}, Told: sample.Of == "agents"}
		for name, value := range sample.Headers {
			e.Header.Set(name, value)
		}
		if total[sample.Of]++; found[sample.Of] == nil {
			found[sample.Of] = make(map[signal.Reason]int)
		}
		for _, f := range client.Inspect(&e, nil) {
			found[sample.Of][f.Reason]++
		}
	}
	if total["headers"] != 3000 || total["agents"] != 10000 {
		t.Fatalf("the samples: %v", total)
	}
	if len(found["agents"]) > 0 {
		t.Errorf("of 10000 user agents alone: %v", found["agents"])
	}
	for why, n := range found["headers"] { // measured on 2026-11-29: brand 3, hints 3
		if n > 30 {
			t.Errorf("%s: %d of 3000", why, n)
		}
	}
	t.Logf("found %v in %v", found, total)
}

func signalNamed(t *testing.T, name string) *signal.Signal {
	t.Helper()
	for i := range signal.All {
		if signal.All[i].Name == name {
			return &signal.All[i]
		}
	}
	t.Fatalf("no signal is named %s", name)
	return nil
}
