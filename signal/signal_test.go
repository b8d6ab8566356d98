package signal_test

import (
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/signal"
)

// inspect asks one signal.
func inspect(name string, e *signal.Evidence) []signal.Finding {
	for i := range signal.All {
		s := &signal.All[i]
		if s.Name == name {
			return s.Inspect(e, nil)
		}
	}
	panic("no signal is named " + name)
}

// once are fields that were sent once.
type once map[string]string

func (f once) Count(name string) (string, int) {
	value, found := f[name]
	if !found {
		return "", 0
	}
	return value, 1
}

// twice is a submission in which each field was sent twice.
type twice struct{}

func (twice) Count(string) (string, int) { return "", 2 }

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"

func TestAPersonGivesNoSignal(t *testing.T) {
	decoys := signal.Decoys(seed)
	e := signal.Evidence{
		Header: http.Header{
			"User-Agent": {firefox}, "Origin": {"https://example.com"}, "Accept-Language": {"en"},
			"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-User": {"?1"},
		},
		Report: &signal.Report{Presses: 4, Keys: 6, Rolls: 9}, Proven: true,
		Hosts: []string{"example.com"},
		Age:   20 * time.Second, MinFill: 3 * time.Second,
		Decoys: &decoys, Fields: once{decoys[0].Name: "", decoys[1].Name: decoys[1].Value},
	}
	for i := range signal.All {
		s := &signal.All[i]
		if list := s.Inspect(&e, nil); len(list) > 0 {
			t.Errorf("%s: %v", s.Name, list)
		}
	}
}

func TestWhatATicketShowsAndWhatItExempts(t *testing.T) {
	quick := signal.Evidence{MinFill: 3 * time.Second, Age: time.Second}
	if list := inspect("timing", &quick); len(list) != 1 || list[0].Reason != signal.ReasonTooFast {
		t.Errorf("a quick form: %v", list)
	}
	quick.Retry = true
	if list := inspect("timing", &quick); len(list) > 0 {
		t.Errorf("a form that was filled before: %v", list)
	}
	if list := inspect("decoy", &signal.Evidence{Fields: twice{}}); len(list) > 0 {
		t.Errorf("a form without decoys: %v", list)
	}
	list := inspect("ticket", &signal.Evidence{AgentChanged: true, NetworkChanged: true})
	if len(list) != 2 || list[0].Reason != signal.ReasonAgentChanged || list[1].Reason != signal.ReasonNetworkChanged || list[0].Hard || list[1].Hard {
		t.Errorf("another browser in another network: %v", list)
	}
}

func TestAScoreIsCappedByGroup(t *testing.T) {
	for _, test := range []struct {
		name string
		add  func(*signal.Score)
		want float64
	}{
		{"nothing", func(*signal.Score) {}, 0},
		{"one finding", func(s *signal.Score) { s.Add(signal.Trap, 4) }, 4},
		{"two of one group", func(s *signal.Score) { s.Add(signal.Trap, 4); s.Add(signal.Trap, 2.5) }, 5},
		{"one each of two groups", func(s *signal.Score) { s.Add(signal.Trap, 4); s.Add(signal.Behaviour, 2.5) }, 6.5},
		{"evidence for a person counts whole", func(s *signal.Score) { s.Add(signal.Trap, 9); s.Add(signal.Request, -9) }, -4},
	} {
		var s signal.Score
		test.add(&s)
		if got := s.Total(); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// Names stand in configuration files, in logs and in dashboards.
func TestNamesOfSignals(t *testing.T) {
	names := signal.Names()
	for i, name := range names {
		if !regexp.MustCompile("^[a-z]+$").MatchString(name) || slices.Index(names, name) != i {
			t.Errorf("%q is no name, or that of two signals", name)
		}
	}
}

// Every finding says which signal it is of. The table names the soft reasons.
func TestFindingsSayWhoseTheyAreAndHowMuchTheyWeigh(t *testing.T) {
	decoys := signal.Decoys(seed)
	bot := signal.Evidence{
		Header: http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36"}},
		Report: &signal.Report{Environment: signal.WebDriver, Jumps: 1, Fractions: 1}, Foreign: true, Age: time.Millisecond, MinFill: time.Second, AgentChanged: true, NetworkChanged: true,
		Decoys: &decoys, Fields: once{decoys[0].Name: "x", decoys[1].Name: "x"},
	}
	for i := range signal.All {
		s := &signal.All[i]
		list := s.Inspect(&bot, nil)
		for _, f := range list {
			if weight, soft := s.Weights[f.Reason]; f.Signal != s.Name || f.Hard || !soft || f.Weight != weight || weight < 0 {
				t.Errorf("%s: %+v", s.Name, f)
			}
		}
		if len(list) == 0 {
			t.Errorf("%s finds nothing", s.Name)
		}
	}
	cross := signal.Evidence{Header: http.Header{"Sec-Fetch-Site": {"cross-site"}}, Hosts: []string{"example.com"}}
	if list := inspect("origin", &cross); len(list) != 1 || !list[0].Hard || list[0].Weight != 0 || list[0].Detail == "" {
		t.Errorf("another site: %+v", list)
	}
}
