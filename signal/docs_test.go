package signal_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/signal"
)

func TestDocsHaveTheWeights(t *testing.T) {
	text, err := os.ReadFile("../docs/signals.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range signal.All {
		for _, why := range slices.Sorted(maps.Keys(s.Weights)) {
			if row := fmt.Sprintf("\n| `%s` | %s | `%s` | %g |", s.Name, s.Mode, why, s.Weights[why]); !strings.Contains(string(text), row) {
				t.Errorf("docs/signals.md has no row %q", row)
			}
		}
	}
}
