package signal_test

import (
	"testing"
	"time"

	"github.com/palisade-dev/palisade/signal"
)

func TestTiming(t *testing.T) {
	const least = 3 * time.Second
	rows := []struct {
		name string
		age  time.Duration
		want signal.Reason
	}{
		{"a person's time is nothing to speak of", 20 * time.Second, ""},
		{"exactly the least time is enough", least, ""},
		{"a little quicker is too fast", least - time.Millisecond, signal.ReasonTooFast},
		{"at once is no person", 50 * time.Millisecond, signal.ReasonInhuman},
		{"a ticket from another process's near future is no person either", -time.Second, signal.ReasonInhuman},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f, found := signal.Timing(row.age, least)
			if f.Reason != row.want || found != (row.want != "") {
				t.Errorf("got %+v", f)
			}
			if f.Hard {
				t.Error("too fast denies on its own")
			}
			list := inspect("timing", &signal.Evidence{Age: row.age, MinFill: least})
			if found != (len(list) == 1) || found && list[0].Weight < 2 {
				t.Errorf("%+v; too fast does not even buy a challenge", list)
			}
		})
	}
	if _, found := signal.Timing(0, -1); found {
		t.Error("a form without a least time finds something")
	}
}
