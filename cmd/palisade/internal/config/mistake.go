package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one mistake of a configuration, with its place.
type Mistake struct {
	Where string // "palisade.yaml:12:7", "-protect" or "PALISADE_TRUST"
	Path  string // "sites[0].forms[1].min_fill"; empty for flags and variables
	Text  string // the mistake and the remedy

	line, column int
}

func (m Mistake) String() string {
	if m.Path == "" {
		return m.Where + ": " + m.Text
	}
	return m.Where + ": " + m.Path + ": " + m.Text
}

// Mistakes are all mistakes of a configuration, in the order of the file.
type Mistakes []Mistake

func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, mistake := range m {
		lines[i] = mistake.String()
	}
	return strings.Join(lines, "\n")
}

func (m Mistakes) sort() {
	slices.SortStableFunc(m, func(a, b Mistake) int { return cmp.Or(a.line-b.line, a.column-b.column) })
}

// nearest returns a hint at the most similar known word.
func nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return "known here: " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// distance is the number of letters to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = min(change, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
