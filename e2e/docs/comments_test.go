package docs_test

import (
	"cmp"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// looksLikeGo matches a code block of a doc comment. Other blocks are tables.
var looksLikeGo = regexp.MustCompile(`(?m) := |^func |^[a-z]+\.[A-Za-z.]+\(`)

// takenForGranted declares the names that the blocks of a package use. Blocks of other
// packages use the names of the pages.
var takenForGranted = map[string]string{
	"adapter/echo":    "var (e *echo.Echo; create echo.HandlerFunc)" + guarded,
	"adapter/fiber":   "var (app *fiber.App; create fiber.Handler)" + guarded,
	"adapter/gin":     "var (router *gin.Engine; create gin.HandlerFunc)" + guarded,
	"audittest":       given + "\nvar t *testing.T",
	"captchatest":     "var (t *testing.T; router *gin.Engine)",
	"handler.go":      "var mux *http.ServeMux" + guarded,
	"internal/route":  "var signup route.Pattern",
	"pow":             "var (key, ticket []byte)" + proving,
	"pow/altcha":      "var (secret []byte; form string)\nfunc isFor(form string, data []byte) bool { return false }" + proving,
	"store/storetest": "var mystore struct{ New func() store.Store }",
	"verdict":         "var (secret []byte; mux *http.ServeMux; create http.Handler)",
}

const (
	guarded = "\nvar (guard *palisade.Guard; signup *palisade.Form)"
	proving = `
		var (ctx context.Context; payload string; now time.Time)
		func refuse(why string)
		func claim(id [16]byte, until time.Time) bool`
)

// People copy the code of doc comments first.
func TestBlocksOfDocComments(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"node_modules", ".venv", ".tools", "testdata", ".git"}, entry.Name()):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		for _, code := range blocksOf(t, path) {
			seen++
			if err := goChecker(t).Check(meaning(path), code); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 15 {
		t.Errorf("%d blocks were found, which cannot be all", seen)
	}
}

// blocksOf returns the code of the doc comments of a file.
func blocksOf(t *testing.T, path string) (blocks []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	read := func(group *ast.CommentGroup) {
		for _, block := range new(comment.Parser).Parse(group.Text()).Content {
			if code, ok := block.(*comment.Code); ok && looksLikeGo.MatchString(code.Text) {
				blocks = append(blocks, code.Text)
			}
		}
	}
	read(file.Doc)
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncDecl:
			read(n.Doc)
		case *ast.GenDecl:
			read(n.Doc)
		case *ast.TypeSpec:
			read(n.Doc)
		case *ast.Field:
			read(n.Doc)
		}
		return true
	})
	return blocks
}

// meaning declares the names that the blocks of a file use.
func meaning(path string) string {
	file := strings.TrimPrefix(filepath.ToSlash(path), "../../")
	return cmp.Or(takenForGranted[file], takenForGranted[filepath.ToSlash(filepath.Dir(file))], given)
}
