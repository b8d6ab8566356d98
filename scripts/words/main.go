// Words measures how hard the comments and docs of the repository are to read, see
// "Words" in CONTRIBUTING.md.
//
//	go run ./scripts/words            # a table: counts by area
//	go run ./scripts/words -list      # each hit, with file and line
//
// It reads the comments of Go files, the comments and docstrings of python/src, and the
// prose of README.md, CONTRIBUTING.md, SECURITY.md and docs/*.md.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

const help = `Usage: words [-list] [-long N] [folder]

Words counts, for each area of the repository, the words of comments and docs, the free
relatives in them, and the sentences of more than N words.

A free relative is a clause that stands in place of a noun, without a noun before it:
"what is only watched", "whoever has none", "of who showed no ticket". The count is a
heuristic. These are hits:

  - what, whatever, whoever, whomever, whichever, wherever at any place;
  - who at the start of a sentence, after a conjunction or after a preposition;
  - where after a preposition.

These are none:

  - a word of a sentence that ends with a question mark;
  - what or which kind, sort, type, happens, as in "says what kind it is", and a clause
    straight after ask, asks, asked, see, say, says, know, knows, decide, decides;
  - code: indented blocks, fenced blocks, text between backquotes, quoted text.

`

func main() {
	list := flag.Bool("list", false, "print each hit as file:line: hit: sentence")
	long := flag.Int("long", 30, "a sentence of more than `N` words is long")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), help)
		flag.PrintDefaults()
	}
	flag.Parse()
	root := cmp.Or(flag.Arg(0), ".")
	if err := run(os.Stdout, root, *list, *long); err != nil {
		fmt.Fprintln(os.Stderr, "words:", err)
		os.Exit(1)
	}
}

// count is the result for one area.
type count struct{ words, free, sentences, long int }

func run(out io.Writer, root string, list bool, long int) error {
	texts, err := read(root)
	if err != nil {
		return err
	}
	areas := map[string]*count{}
	for _, t := range texts {
		for _, name := range []string{t.area, "all " + kind(t)} {
			if areas[name] == nil {
				areas[name] = &count{}
			}
		}
		for _, s := range sentences(t) {
			free := freeRelatives(s.words, s.question)
			for _, name := range []string{t.area, "all " + kind(t)} {
				c := areas[name]
				c.words += len(s.words)
				c.free += len(free)
				c.sentences++
				if len(s.words) > long {
					c.long++
				}
			}
			if !list {
				continue
			}
			for _, i := range free {
				fmt.Fprintf(out, "%s:%d: %s: %s\n", t.file, s.words[i].line, s.words[i].plain, s.text())
			}
			if len(s.words) > long {
				fmt.Fprintf(out, "%s:%d: %d words: %s\n", t.file, s.words[0].line, len(s.words), s.text())
			}
		}
	}
	if list {
		return nil
	}
	return table(out, areas, long)
}

// kind returns the row of totals that a text belongs to.
func kind(t text) string {
	switch {
	case strings.HasSuffix(t.file, ".md"):
		return "Markdown"
	case strings.HasSuffix(t.file, ".py"):
		return "Python"
	case strings.HasSuffix(t.file, "_test.go"):
		return "Go tests"
	}
	return "Go"
}

func table(out io.Writer, areas map[string]*count, long int) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "area\twords\tfree relatives\tper 1000\tsentences\tover %d words\tper 1000 words\t\n", long)
	names := slices.SortedFunc(maps.Keys(areas), func(a, b string) int {
		total := func(name string) int {
			if strings.HasPrefix(name, "all ") {
				return 1
			}
			return 0
		}
		return cmp.Or(total(a)-total(b), strings.Compare(a, b))
	})
	for _, name := range names {
		c := areas[name]
		if c.words == 0 {
			continue
		}
		per := func(n int) float64 { return 1000 * float64(n) / float64(c.words) }
		fmt.Fprintf(w, "%s\t%d\t%d\t%.1f\t%d\t%d\t%.1f\t\n", name, c.words, c.free, per(c.free), c.sentences, c.long, per(c.long))
	}
	return w.Flush()
}

// read returns all texts of the repository, by file.
func read(root string) (texts []text, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if hidden := strings.HasPrefix(d.Name(), ".") && rel != "."; hidden || d.Name() == "node_modules" || d.Name() == "vendor" && rel == "vendor" {
				return fs.SkipDir
			}
			return nil
		}
		t := text{file: rel}
		switch {
		case strings.HasSuffix(rel, ".go"):
			t.area = goArea(rel)
			t.paragraphs, err = goComments(path)
		case strings.HasPrefix(rel, "python/src/") && strings.HasSuffix(rel, ".py"):
			t.area = "python"
			t.paragraphs, err = pythonComments(path)
		case isDoc(rel):
			t.area = rel
			t.paragraphs, err = markdown(path)
		default:
			return nil
		}
		texts = append(texts, t)
		return err
	})
	return texts, err
}

func isDoc(file string) bool {
	switch file {
	case "README.md", "CONTRIBUTING.md", "SECURITY.md":
		return true
	}
	ok, _ := filepath.Match("docs/*.md", file)
	return ok
}

// goArea names the part of the project that a Go file belongs to.
func goArea(file string) string {
	dir, _, nested := strings.Cut(file, "/")
	switch {
	case !nested:
		dir = "root"
	case strings.HasPrefix(file, "internal/"):
		dir, _, _ = strings.Cut(strings.TrimPrefix(file, "internal/"), "/")
		if strings.HasSuffix(dir, ".go") {
			dir = "internal"
		}
	}
	if strings.HasSuffix(file, "_test.go") {
		dir += " (tests)"
	}
	return dir
}
