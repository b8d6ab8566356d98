package main

import (
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
)

// text is the prose of one file.
type text struct {
	file, area string
	paragraphs [][]line
}

// line is one line of prose, without its comment mark.
type line struct {
	number int
	text   string
}

// goComments returns the paragraphs of all comments. Directives (//go:build) and
// indented code are left out.
func goComments(path string) ([][]line, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var all [][]line
	for _, group := range file.Comments {
		var lines []line
		for _, c := range group.List {
			number := files.Position(c.Pos()).Line
			body := c.Text
			if strings.HasPrefix(body, "//") {
				body = body[2:]
				if body != "" && body[0] != ' ' && body[0] != '\t' {
					continue // a directive
				}
			} else {
				body = strings.TrimSuffix(strings.TrimPrefix(body, "/*"), "*/")
			}
			for i, s := range strings.Split(body, "\n") {
				if strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "     ") {
					s = "" // code
				}
				lines = append(lines, line{number + i, s})
			}
		}
		all = append(all, paragraphs(lines)...)
	}
	return all, nil
}

// pythonComments returns the paragraphs of comments that have a line of their own, and of
// strings in triple quotes.
func pythonComments(path string) ([][]line, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines []line
	quote := "" // the quotes that end the docstring, if one is open
	for i, s := range strings.Split(string(source), "\n") {
		s = strings.TrimSpace(s)
		keep := ""
		switch {
		case quote != "":
			var ended bool
			if keep, _, ended = strings.Cut(s, quote); ended {
				quote = ""
			}
		case strings.HasPrefix(s, "#"):
			keep = strings.TrimLeft(s, "#")
		default:
			for _, q := range []string{`"""`, "'''"} {
				if rest, opens := strings.CutPrefix(s, q); opens {
					var ended bool
					if keep, _, ended = strings.Cut(rest, q); !ended {
						quote = q
					}
				}
			}
		}
		lines = append(lines, line{i + 1, keep})
	}
	return paragraphs(lines), nil
}

var (
	fence     = regexp.MustCompile("^\\s*(```|~~~)")
	separator = regexp.MustCompile(`^\s*\|[\s|:-]*\|\s*$`)
	item      = regexp.MustCompile(`^\s*([-*]|\d+\.)\s+`)
	image     = regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)`)
	link      = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// markdown returns the paragraphs of prose. A cell of a table, an item of a list and a
// heading are paragraphs of their own.
func markdown(path string) ([][]line, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines []line
	fenced := false
	for i, s := range strings.Split(string(source), "\n") {
		number := i + 1
		if fence.MatchString(s) {
			fenced = !fenced
			s = ""
		}
		if fenced || separator.MatchString(s) {
			s = ""
		}
		s = image.ReplaceAllString(s, "")
		s = link.ReplaceAllString(s, "$1")
		switch {
		case strings.HasPrefix(strings.TrimSpace(s), "|"):
			s = code.ReplaceAllString(s, "CODE")
			for cell := range strings.SplitSeq(s, "|") {
				lines = append(lines, line{number, cell}, line{number, ""})
			}
		case strings.HasPrefix(s, "#"):
			lines = append(lines, line{number, strings.TrimLeft(s, "# ")}, line{number, ""})
		case item.MatchString(s):
			lines = append(lines, line{number, ""}, line{number, item.ReplaceAllString(s, "")})
		default:
			lines = append(lines, line{number, s})
		}
	}
	return paragraphs(lines), nil
}

// paragraphs splits at empty lines.
func paragraphs(lines []line) (all [][]line) {
	var current []line
	for _, l := range append(lines, line{}) {
		if strings.TrimSpace(l.text) != "" {
			current = append(current, l)
		} else if current != nil {
			all = append(all, current)
			current = nil
		}
	}
	return all
}

// word is one word of a sentence: as written, and in lower case without punctuation.
type word struct {
	line          int
	raw, plain    string
	comma, bounds bool // a comma follows; a dash, colon or semicolon follows
}

type sentence struct {
	words    []word
	question bool
}

func (s sentence) text() string {
	raw := make([]string, len(s.words))
	for i, w := range s.words {
		raw[i] = w.raw
	}
	return strings.Join(raw, " ")
}

var (
	code   = regexp.MustCompile("`[^`]*`")
	quoted = regexp.MustCompile(`"[^"]*"|“[^”]*”`)
	ending = regexp.MustCompile(`[.?!]["')*_”]*$`)
	// abbreviations end with a full stop that ends no sentence.
	abbreviations = map[string]bool{"e.g.": true, "i.e.": true, "cf.": true, "etc.": true, "vs.": true}
)

const edges = `.,;:!?"'()[]{}*_“”‘’…–`

// sentences splits the paragraphs of a text. A sentence ends at a full stop, a question
// mark or an exclamation mark, and at the end of its paragraph.
func sentences(t text) (all []sentence) {
	for _, paragraph := range t.paragraphs {
		var current sentence
		end := func() {
			if len(current.words) > 0 {
				all = append(all, current)
			}
			current = sentence{}
		}
		for _, l := range paragraph {
			s := code.ReplaceAllString(l.text, "CODE")
			s = quoted.ReplaceAllString(s, "QUOTE")
			for raw := range strings.FieldsSeq(s) {
				plain := strings.ToLower(strings.Trim(raw, edges))
				if !strings.ContainsFunc(plain, isLetterOrDigit) {
					if n := len(current.words); n > 0 {
						current.words[n-1].bounds = true
					}
				} else {
					bare := strings.TrimRight(raw, `"')*_”`)
					current.words = append(current.words, word{
						line: l.number, raw: raw, plain: plain,
						comma:  strings.HasSuffix(bare, ","),
						bounds: strings.HasSuffix(bare, ":") || strings.HasSuffix(bare, ";"),
					})
				}
				if ending.MatchString(raw) && !abbreviations[strings.ToLower(raw)] {
					current.question = strings.Contains(raw, "?")
					end()
				}
			}
		}
		end()
	}
	return all
}

func isLetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 127
}

var (
	always = set("what whatever whoever whomever whichever wherever")
	// A question in reported speech is ordinary English: "asks who it is".
	reporting = set("ask asks asked see say says know knows decide decides")
	// Nouns and verbs that make "what" a plain question word: "what kind".
	determined = set("kind kinds sort sorts type types happens happened")
	// Prepositions and conjunctions, after which "who" has no noun.
	joining      = set("of to for from with by on in at as than but and or if that is are was were")
	prepositions = set("of to for from with by on in at than")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// freeRelatives returns the indices of the words that head a free relative. The help
// states the heuristic.
func freeRelatives(words []word, question bool) (at []int) {
	if question {
		return nil
	}
	for i, w := range words {
		first := i == 0 || words[i-1].bounds
		before, after := "", ""
		if !first {
			before = words[i-1].plain
		}
		if i+1 < len(words) {
			after = words[i+1].plain
		}
		switch {
		case reporting[before], determined[after]:
		case always[w.plain],
			w.plain == "who" && (first || joining[before] && !words[i-1].comma),
			w.plain == "where" && prepositions[before]:
			at = append(at, i)
		}
	}
	return at
}
