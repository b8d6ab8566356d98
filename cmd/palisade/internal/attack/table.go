package attack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the results for people.
func WriteTable(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "attack\ttried\tanswers\teffects\twithout\twhat stopped it\tverdict")
	for _, r := range results {
		fmt.Fprintf(t, "%s\t%5d\t%s\t%7d\t%7d\t%s\t%s\n",
			r.Attack, r.Tried, histogram(r.Answers), r.Effects, r.Without, histogram(r.Stopped), r.Verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, legend, addresses(results))
	return err
}

const legend = `
tried            submissions; the answers are HTTP statuses
effects          what was really accepted, as GET /effects of the attacked demo counts it
without          what the same attack got from the same site without Palisade
what stopped it  the reasons in GET /decisions; the visitor is told none of them
the limit        5 sign-ups at once for one address, then one every 2 minutes; above it the hardest step is needed
the ceiling      10 sign-ups at once for one address, then one every 5 minutes, with the hardest step too
the session      30 writes in ten minutes; the limit of writes is 30 at once for one address, then one every
                 20 seconds, however many sessions it opens
KNOWN LIMIT      who buys tokens and has many networks gets one through from each; with one proof and a session,
                 up to 30 writes from each (the row sends 10). No captcha and no rate limit stops that; what
                 raises the price next is signals and a code sent by mail
`

// addresses describes the source from which the demos take a client's address.
func addresses(results []Result) string {
	text := "addresses        taken from the socket: no header counts"
	for _, r := range results {
		if r.Trusts != trustsSocket {
			text += fmt.Sprintf("; in %q from the %s, which the attack plays", r.Attack, r.Trusts)
		}
	}
	return text + "\n"
}

// WriteJSON writes the results for programs.
func WriteJSON(w io.Writer, results []Result) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(results)
}

// histogram writes counts, the largest first.
func histogram(counts map[string]int) string {
	if len(counts) == 0 {
		return "-"
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s×%d", name, counts[name]))
	}
	return strings.Join(parts, " ")
}
