package route

import (
	"net/url"
	"strings"

	"github.com/palisade-dev/palisade/internal/names"
)

// decodePair decodes the escapes in a pair. known is false if some escapes are broken;
// parsers keep, drop or refuse those.
func decodePair(rawName, rawValue string) (name, value string, known bool) {
	name, known1 := names.Unescape(rawName)
	value, known2 := names.Unescape(rawValue)
	return name, value, known1 && known2
}

// routers are parameters from which front controllers read the path if the server does
// not pass it, some of them whatever the path of the request is: q of Drupal, r of Yii,
// route of OpenCart, s of ThinkPHP, url of CakePHP. The names of the sure ones have no
// other use: rest_route of WordPress, _url of Phalcon, kohana_uri of Kohana.
var (
	routers     = words("q r s route path uri url rest_route _url kohana_uri")
	sureRouters = words("rest_route _url kohana_uri")
)

// maxRouters bounds the number of such paths that are examined; an app has one.
const maxRouters = 16

// inside is a path that the app may read from a query.
type inside struct {
	path string
	sure bool // it is certainly meant as a path
}

// pathsInside returns the paths that a front controller may read from a query. ok is
// false if they cannot be known. A query that begins with a slash is itself a path if the
// request's path is that of a front controller or of a folder (CodeIgniter).
func pathsInside(path, query string) (paths []inside, ok bool) {
	if query == "" {
		return nil, true
	}
	folder := path[:strings.LastIndexByte(path, '/')+1]
	last := newSegment(path[len(folder):])
	add := func(text string, sure bool) {
		text = escape(strings.Trim(text, "/"))
		paths = append(paths, inside{"/" + text, sure})
		if folder != "/" && (len(folder) == len(path) || last.script) {
			paths = append(paths, inside{folder + text, sure})
		}
	}
	if len(folder) == len(path) || last.script {
		start, err := url.PathUnescape(query[:strings.IndexAny(query+"&", "&?=")])
		switch {
		case err != nil && (query[0] == '/' || query[0] == '%'):
			return nil, false
		case err == nil && strings.HasPrefix(start, "/"):
			add(start, true)
		}
	}
	for name, value := range names.Pairs(query) {
		name, value, _ = decodePair(name, value)
		name, value = names.Fold(name), strings.Join(strings.FieldsFunc(value, isSlash), "/")
		if value == "" || !routers[name] {
			continue
		}
		if Plain("/" + escape(value)) {
			add(value, sureRouters[name])
		}
		if clean := cleaned(value); clean != value && Plain("/"+clean) {
			add(clean, false)
		}
		if name == "rest_route" {
			add("wp-json/"+value, true)
		}
		if len(paths) > maxRouters {
			return nil, false
		}
	}
	return paths, true
}

func isSlash(c rune) bool { return c == '/' }
