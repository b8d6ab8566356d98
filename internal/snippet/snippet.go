// Package snippet checks pieces of code that are shown and never built: advice that a
// command prints, and the fenced blocks of the documentation. Without a check, such code
// becomes wrong as soon as a name changes.
package snippet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
)

// Go type-checks pieces of Go against the packages that they may use.
type Go struct {
	imports  []string // import specs
	exported map[string]string
}

// NewGo returns a checker of pieces that use these packages, each by the last part of its
// path. It builds the packages, so that it checks against their present state.
func NewGo(packages ...string) (*Go, error) {
	list := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, packages...)...)
	var out, said bytes.Buffer
	list.Stdout, list.Stderr = &out, &said
	if err := list.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", list, err, &said)
	}
	g := &Go{imports: packages, exported: make(map[string]string)}
	for decoder := json.NewDecoder(&out); ; {
		var pkg struct{ ImportPath, Export string }
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, err
		}
		g.exported[pkg.ImportPath] = pkg.Export
	}
}

// declares matches a piece that is not valid inside a function.
var declares = regexp.MustCompile(`(?m)^(func [(A-Za-z]|type )`)

// Check reports the mistakes of a piece: a whole file, declarations, or statements. The
// preamble declares names that the piece uses but does not declare. An unused variable or
// import is no mistake.
func (g *Go) Check(preamble, piece string) error {
	text := piece
	if !strings.HasPrefix(piece, "package ") {
		if !declares.MatchString(piece) {
			piece = "func _() {\n" + piece + "\n}\n"
		}
		text = "package piece\n" + g.importing() + preamble + "\n//line piece:1\n" + piece
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "piece", text, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, piece)
	}
	var errs []error
	config := types.Config{
		Importer: importer.ForCompiler(set, "gc", g.open),
		Error: func(err error) {
			if serious(err) {
				errs = append(errs, err)
			}
		},
	}
	_, _ = config.Check("piece", set, []*ast.File{file}, nil) // it returns the first of errs
	if len(errs) > 0 {
		return fmt.Errorf("%w\n%s", errors.Join(errs...), piece)
	}
	return nil
}

// serious tells mistakes from unused names, because pieces may only show values. An unused
// label is a member of a literal without its braces.
func serious(err error) bool {
	wrong := types.Error{}
	switch {
	case !errors.As(err, &wrong), strings.HasPrefix(wrong.Msg, "label "):
		return true
	}
	return !wrong.Soft && !strings.HasSuffix(wrong.Msg, " is not used")
}

func (g *Go) importing() string {
	var b strings.Builder
	for _, imported := range g.imports {
		fmt.Fprintf(&b, "import %q\n", imported)
	}
	return b.String()
}

func (g *Go) open(imported string) (io.ReadCloser, error) {
	if g.exported[imported] == "" {
		return nil, fmt.Errorf("package %s is not among those that a piece may use (%s …)", imported, path.Base(g.imports[0]))
	}
	return os.Open(g.exported[imported])
}

// Parser is a command that parses a piece of another language and runs no part of it.
type Parser struct {
	Command       []string
	Before, After string // text around the piece
}

// Parsers are the parsers of the other languages in the docs and advice.
var Parsers = map[string]Parser{
	"python": {Command: []string{"python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())"}},
	"js":     {Command: []string{"node", "--check", "-"}, Before: "async function piece(req, res) {\n", After: "\n}\n"},
	"php":    {Command: []string{"php", "-l"}, Before: "<?php\n"},
	"ruby":   {Command: []string{"ruby", "-c"}},
	"sh":     {Command: []string{"bash", "-n"}},
}

// Parse reports syntax errors of a piece in its language.
func Parse(language, piece string) error {
	parser, known := Parsers[language]
	if !known {
		return fmt.Errorf("nothing here reads %q", language)
	}
	command := exec.Command(parser.Command[0], parser.Command[1:]...)
	command.Stdin = strings.NewReader(parser.Before + piece + parser.After)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s\n%s", language, err, out, piece)
	}
	return nil
}
