package signal_test

import (
	"slices"
	"testing"

	"github.com/palisade-dev/palisade/signal"
)

func TestHowAFormIsFilled(t *testing.T) {
	for _, test := range []struct {
		name   string
		report signal.Report
		want   []signal.Reason
	}{
		{"by mouse and keyboard", signal.Report{Presses: 4, Keys: 7, Rolls: 20}, nil},
		{"by keyboard alone", signal.Report{Keys: 7, Rolls: 3}, nil},
		{"by a finger", signal.Report{Touches: 4, Keys: 7}, nil},
		{"by a paste", signal.Report{Presses: 4, Typing: signal.Helped | signal.FewKeys}, nil},
		{"by autofill", signal.Report{Presses: 1, Typing: signal.Autofill | signal.FewKeys, Scripted: 1}, nil},
		{"by a few keys, one at a time", signal.Report{Presses: 2, Keys: 5}, nil},
		{"by nobody: nothing was seen", signal.Report{}, nil},
		{"the pointer is where it presses without a way", signal.Report{Presses: 4, Jumps: 1}, []signal.Reason{signal.ReasonNoApproach}},
		{"one press of four in the very centre", signal.Report{Presses: 4, Centred: 1}, nil},
		{"the very centre", signal.Report{Presses: 1, Centred: 1}, []signal.Reason{signal.ReasonDeadCentre}},
		{"a button held for no time", signal.Report{Presses: 1, Brief: 1}, []signal.Reason{signal.ReasonBrief}},
		{"many keys, never two at once", signal.Report{Keys: 6}, []signal.Reason{signal.ReasonNoRollover}},
		{"characters without keys", signal.Report{Typing: signal.FewKeys}, []signal.Reason{signal.ReasonFewKeys}},
		{"fields that a script filled", signal.Report{Scripted: 3, Untrusted: 3}, []signal.Reason{signal.ReasonScripted, signal.ReasonUntrusted}},
	} {
		var got []signal.Reason
		for _, f := range inspect("behaviour", &signal.Evidence{Report: &test.report}) {
			got = append(got, f.Reason)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	if list := inspect("behaviour", &signal.Evidence{}); len(list) > 0 {
		t.Errorf("without a report: %v", list)
	}
}
