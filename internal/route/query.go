package route

import (
	"iter"
	"net/url"
	"strings"

	"github.com/palisade-dev/palisade/internal/names"
)

// pair is a name and a value in a query, as they were sent.
type pair struct{ name, value string }

// pairs takes both & and ; for what stands between two pairs, as parsers do.
func pairs(query string) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for text := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
			name, value, _ := strings.Cut(text, "=")
			if !yield(pair{name, value}) {
				return
			}
		}
	}
}

// decode takes the escapes out. known is false where some of them are broken, which
// parsers keep, drop or refuse.
func (p pair) decode() (name, value string, known bool) {
	name, known1 := names.Unescape(p.name)
	value, known2 := names.Unescape(p.value)
	return name, value, known1 && known2
}

// routers are parameters out of which front controllers read the path when the server
// does not hand it over: q of Drupal, r of Yii, route of OpenCart, rest_route of
// WordPress, s of ThinkPHP, url of CakePHP, _url of Phalcon, kohana_uri of Kohana.
var routers = words("q r s route rest_route path uri url _url kohana_uri")

// maxRouters bounds how many of them are looked at; an app has one.
const maxRouters = 8

// queryPaths returns the paths that a front controller may read out of a query. ok is
// false where they cannot be known. A query that begins with a slash is a path itself
// (CodeIgniter). The path of the request is that of a front controller, or of a folder.
func queryPaths(path, query string) (paths []string, ok bool) {
	folder := path[:strings.LastIndexByte(path, '/')+1]
	if last := newSegment(path[len(folder):]); query == "" || len(folder) < len(path) && !last.script {
		return nil, true
	}
	add := func(text string) {
		inside := escape(strings.Trim(text, "/"))
		paths = append(paths, "/"+inside)
		if folder != "/" {
			paths = append(paths, folder+inside)
		}
	}
	start, err := url.PathUnescape(query[:strings.IndexAny(query+"&", "&?=")])
	switch {
	case err != nil && (query[0] == '/' || query[0] == '%'):
		return nil, false
	case err == nil && strings.HasPrefix(start, "/"):
		add(start)
	}
	for p := range pairs(query) {
		name, value, _ := p.decode()
		if value = strings.Join(strings.FieldsFunc(value, isSlash), "/"); value == "" || !routers[names.Fold(name)] || !Plain("/"+escape(value)) {
			continue
		}
		if add(value); len(paths) > maxRouters {
			return nil, false
		}
	}
	return paths, true
}

func isSlash(c rune) bool { return c == '/' }
