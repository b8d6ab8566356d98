package route

import (
	"slices"
	"strings"
	"testing"
)

func TestWaysToRead(t *testing.T) {
	for _, row := range []struct {
		name     string
		way      func(string) string
		in, want string
	}{
		{"an escape is decoded", decode, "/%41", "/A"},
		{"the first and the last digit are digits", decode, "/%30%39", "/09"},
		{"the first and the last letter are digits", decode, "/%aA%fF", "/\xaa\xff"},
		{"what stands before the first digit is none", decode, "/%/0%0/", "/%/0%0/"},
		{"what stands behind the last digit is none", decode, "/%:0%0:", "/%:0%0:"},
		{"what stands before the first letter is none", decode, "/%@0%`0", "/%@0%`0"},
		{"what stands behind the last letter is none", decode, "/%G0%0g", "/%G0%0g"},
		{"an escape that breaks off stays", decode, "/a%4", "/a%4"},
		{"an escape of nothing stays", decode, "/a%", "/a%"},
		{"an escape at the end is decoded", decode, "/a%2e", "/a."},
		{"an escape is decoded once", decode, "/%2541", "/%41"},
		{"what follows an escape stays", decode, "/%41B%43D", "/ABCD"},

		{"a path without its slash gets one", resolve, "a", "/a"},
		{"dot segments are resolved", resolve, "/a/./b/../c", "/a/c"},
		{"a slash at the end stays", resolve, "/a/./", "/a/"},
		{"a dot at the end is a slash", resolve, "/a/.", "/a/"},
		{"the root has one slash", resolve, "/.", "/"},
		{"nothing lies above the root", resolve, "/../..", "/"},
		{"a hidden file is no dot segment", resolve, "/.a", "/.a"},

		{"a slash at the end is cut", trimSlash, "/a/", "/a"},
		{"the root is not cut", trimSlash, "/", "/"},

		{"an extension is cut", cutExtension, "/a/b.php", "/a/b"},
		{"the last extension is cut", cutExtension, "/a.b.c", "/a.b"},
		{"of a hidden file nothing is cut", cutExtension, "/.htaccess", "/.htaccess"},
		{"a name of one letter has an extension", cutExtension, "/a.b", "/a"},
		{"the dot of a folder is none", cutExtension, "/a.b/c", "/a.b/c"},

		{"what follows a script is cut", cutPathInfo, "/a.php/b", "/a.php"},
		{"what follows a script in a folder is cut", cutPathInfo, "/x/a.php/b/c", "/x/a.php"},
		{"a script at the end is not cut", cutPathInfo, "/x/a.php", "/x/a.php"},
		{"a script of one letter is one", cutPathInfo, "/a./b", "/a."},
		{"a hidden folder is no script", cutPathInfo, "/.a/b", "/.a/b"},

		{"parameters are cut in each segment", cutParameters, "/a;x=1/b;y", "/a/b"},
		{"slashes are collapsed", collapse, "///a////b", "/a/b"},
	} {
		if got := row.way(row.in); got != row.want {
			t.Errorf("%s: %q becomes %q, want %q", row.name, row.in, got, row.want)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, row := range []struct {
		path string
		want bool
	}{
		{"/", true}, {"/a", true}, {"/a/", true}, {"/a.b/c", true}, {"/%20a%20b", false}, {"/a%20b", true}, {"/%C3%A4", true}, {"/%F0%9F%98%80", true}, {"/%cf%8f", true},
		{"/a%7Bb", true}, {"/%5E", true}, {"/~", true}, {"/!", true},
		{"", false}, {"a", false}, {"//", false}, {"/a//b", false}, {"/./a", false}, {"/a/..", false}, {"/a /b", false}, {"/ a", false},
		{"/a;b", false}, {`/a\b`, false}, {"/a?b", false}, {"/a#b", false}, {"/a\x1fb", false}, {"/a\x7fb", false}, {"/a\x00", false},
		{"/%41", false}, {"/%2e", false}, {"/%2Fa", false}, {"/%25", false}, {"/%00", false}, {"/%7f", false}, {"/%80", true},
		{"/%", false}, {"/a%4", false}, {"/%zz", false}, {"/%4z", false}, {"/%z4", false}, {"/a%20", false},
	} {
		if got := plain(row.path); got != row.want {
			t.Errorf("plain(%q) = %v", row.path, got)
		}
	}
}

func TestReadingsAreBounded(t *testing.T) {
	long := "/a" + strings.Repeat(".b", 200)
	if n := len(Readings(long)); n < maxReadings || n >= maxReadings+len(ways) {
		t.Errorf("%d readings, want about %d", n, maxReadings)
	}
	if got := Readings("/a"); !slices.Equal(got, []string{"/a"}) {
		t.Errorf("a plain path is read as %q", got)
	}
}
