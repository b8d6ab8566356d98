package signal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/signal"
)

// BenchmarkSignals is what all signals take of a submission.
func BenchmarkSignals(b *testing.B) {
	decoys := signal.Decoys(seed)
	report, _ := signal.ParseReport(wire("1"+strings.Repeat("0", signal.ReportSize-3)), ticket)
	e := signal.Evidence{
		Header: http.Header{
			"User-Agent": {chrome}, "Origin": {"https://example.com"}, "Accept-Language": {"en"}, "Sec-Ch-Ua": {chromeHint}, "Sec-Ch-Ua-Platform": {`"Linux"`},
			"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-User": {"?1"},
		},
		Hosts: []string{"example.com"}, Age: 20 * time.Second, MinFill: 3 * time.Second, Report: &report,
		Decoys: &decoys, Fields: once{decoys[0].Name: "", decoys[1].Name: decoys[1].Value},
	}
	for i := range signal.All {
		s := &signal.All[i]
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if list := s.Inspect(&e, nil); len(list) > 0 {
					b.Fatal(list)
				}
			}
		})
	}
}

// BenchmarkReport is the reading of a report.
func BenchmarkReport(b *testing.B) {
	text := wire("1" + strings.Repeat("0", signal.ReportSize-3))
	long := strings.Repeat("a", 78) // as long as a ticket
	b.ReportAllocs()
	for b.Loop() {
		signal.ParseReport(text, long)
	}
}
