package inject

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// pages are small pages; ↓ marks the insertions.
var pages = map[string]string{
	"a form gets it after its start tag":                        `<form action=a>↓<input></form>`,
	"every form gets it":                                        `<form>↓</form><form>↓</form>`,
	"a name is the same in capitals":                            `<FORM>↓</ForM><fOrm>↓`,
	"a name ends at a tab, a line break, a form feed, a slash":  "<form\ta>↓</form\t><form\na>↓</form\n><form\fa>↓</form\f><form\ra>↓</form\r><form/a>↓",
	"a longer name is another name":                             `<forms><form-x><form:x><formaction></forms>`,
	"a name with a NUL is another name":                         "<fo\x00rm><form\x00>",
	"a tag does not begin with a space":                         `< form><form>↓`,
	"a less-than sign before a tag is text":                     `<<form>↓</form><5<form>↓`,
	"a tag without an end does not count":                       `<form>↓</form><form action="a`,
	"a quoted end does not count":                               `<form a=">" b='>'>↓`,
	"a quote opens only after an equals sign":                   `<form "a>↓</form><form a"b'>↓</form><form a=b">↓</form><form a="b"">↓</form><form a= "b>" >↓`,
	"an equals sign before a name belongs to it":                `<form =">↓</form><form ==">"c>↓`,
	"a slash is no part of an attribute's name, but of a value": `<form a/="x>↓</form><form a=/>↓`,
	"a value may be missing":                                    `<form a=>↓</form><form a= >↓`,
	"a form that closes itself is open all the same":            `<form/>↓<form></form><form>↓`,

	"a comment hides":                                     `<!-- <form> --><form>↓`,
	"a comment may be empty":                              `<!----><form>↓`,
	"a comment may end before it began":                   `<!--><form>↓</form><!---><form>↓`,
	"a comment may end with a bang":                       `<!-- --!><form>↓</form><!-- --!-> <form>--><form>↓`,
	"a comment ends with two dashes or more":              `<!-- -> <form> - -> <form> ----><form>↓`,
	"a comment in a comment ends it":                      `<!-- <!-- --><form>↓</form><!--<!--><form>↓`,
	"a comment that does not end hides the rest":          `<form>↓</form><!-- <form>`,
	"a bogus comment ends at the first greater-than sign": `<!-><form>↓</form><!><form>↓</form><!a "><form>↓</form><?a ?><form>↓</form></ "><form>↓</form></5 <form><form>↓`,
	"an empty end tag is nothing":                         `</><form>↓`,
	"a doctype ends in the midst of quotes":               `<!doctype html "><form>↓`,
	"a CDATA section is a comment in HTML":                `<![CDATA[ ><form>↓</form> ]]>`,
	"a script hides":                                      `<script>"<form>"</script><form>↓`,
	"a script ends at its end tag alone":                  `<script></scripts><form></scrip></style></ script></script a=">"/><form>↓`,
	"a script ends in a comment":                          `<script><!-- </script><form>↓`,
	"a script in a comment of a script hides an end tag":  `<script><!-- <script> </script><form> --></script><form>↓`,
	"a script in a comment of a script ends":              `<script><!-- <script> </script> </script><form>↓`,
	"a comment of a script ends with dashes":              `<script><!-- <script> --></script><form>↓`,
	"a comment of a script may be empty":                  `<script><!--><script></script><form>↓`,
	"a comment of a script hides only after a whole name": `<script><!-- <scripts> </script><form>↓`,
	"a comment of a script needs two dashes":              `<script><!- <script> </script><form>↓`,
	"a script's name ends at a slash":                     `<script><!-- <script/ </script/ </script><form>↓`,
	"a style hides":                                       `<style><form><!-- </style><form>↓`,
	"a textarea and a title hide":                         `<textarea><form></textarea><title><form></title><form>↓`,
	"old raw text hides":                                  `<xmp><form></xmp><iframe><form></iframe><noembed><form></noembed><noframes><form></noframes><form>↓`,
	"plaintext hides all":                                 `<form>↓</form><plaintext></plaintext><form>`,
	"raw text that does not end hides the rest":           `<form>↓</form><title><form>`,
	"a noscript does not hide":                            `<noscript><form>↓</form></noscript><form>↓`,
	"a noscript that ends in a comment is in doubt":       `<noscript><!--</noscript><form>--></noscript><form>`,
	"a noscript that ends in a style is in doubt":         `<noscript><style></noscript><form></style></noscript><form>`,
	"a noscript that ends in an attribute is in doubt":    `<noscript><a title="</noScript><!--"><form>--></noscript><form>`,
	"a noscript that ends in an end tag is in doubt":      `<noscript><style></style a="</noscript><!--"><form>-->`,
	"a noscript may contain comments and styles":          `<noscript><!-- </nos --><style>a</style><a title="<noscript>"></a></noscript><form>↓`,

	"a form in a form is ignored":                            `<form>↓<form></form><form>↓`,
	"a form closes once":                                     `<form>↓</form></form><form>↓`,
	"a form in a table is one":                               `<table><form>↓<tr><td><input></table><form></form><form>↓`,
	"a template hides":                                       `<template><form></form></template><form>↓`,
	"a template in a template hides":                         `<template><template></template><form></form></template><form>↓`,
	"a template does not close the form outside":             `<form>↓<template></form></template><form></form><form>↓`,
	"a template closes selects within":                       `<template><select></template><form>↓`,
	"a template in a select does not end it":                 `<select><template></template><form></select><form>↓`,
	"a template that is not open cannot close":               `</template><form>↓`,
	"a col in a template makes raw text doubtful":            `<template><col><style><!-- </style></template><form>--></template><form>`,
	"a col in a closed template makes no doubt":              `<template><col></template><style><form></style><form>↓`,
	"a select hides":                                         `<select><option><form></select><form>↓`,
	"a select ends at another":                               `<select><select><form>↓`,
	"a select ends at an input":                              `<select><input><form>↓`,
	"a style in a select is in doubt":                        `<select><style></style></select><form>`,
	"a script in a select is a script":                       `<select><script></select><form></script></select><form>↓`,
	"a noscript in a select is in doubt":                     `<select><noscript></noscript></select><form>`,
	"a frameset is in doubt":                                 `<frameset><form>`,
	"a frameset after a body is ignored":                     `<body><frameset><form>↓`,
	"an svg hides":                                           `<svg><form></form></svg><form>↓`,
	"an svg that closes itself hides nothing":                `<svg/><form>↓</form><math/><form>↓`,
	"an svg in an svg hides":                                 `<svg><svg></svg><form></form></svg><form>↓`,
	"an svg closes what is open in it":                       `<svg><g><path></svg><form>↓`,
	"a style in an svg is no raw text":                       `<svg><style><form></form></style></svg><form>↓</form><svg><style></svg><form>↓`,
	"a script in an svg is no raw text":                      `<svg><script><!-- </script></svg><form> --></script></svg><form>↓`,
	"a textarea in an svg is no raw text":                    `<svg><textarea></svg><form>↓`,
	"a title in an svg is no raw text":                       `<svg><title></svg><form>↓`,
	"a style in a title in an svg is raw text":               `<svg><title><style></svg><form></style></title></svg><form>↓`,
	"a CDATA section in an svg hides":                        `<svg><![CDATA[ </svg><form> ]] ]> ]]]></svg><form>↓`,
	"a CDATA section is in capitals":                         `<svg><![cdata[ > </svg><form>↓</form> ]]>`,
	"a CDATA section that is cut short is a comment":         `<svg><![CDAT></svg><form>↓`,
	"a CDATA section in HTML in an svg is in doubt":          `<svg><desc><p><![CDATA[ > ]]></p></desc></svg><form>`,
	"a CDATA section in an svg in a select is in doubt":      `<select><svg><![CDATA[ > ]]></svg></select><form>`,
	"a div breaks out of an svg":                             `<svg><g><div><form>↓`,
	"a font breaks out if it is one":                         `<svg><font></font><form></form></svg><form>↓</form><svg><font a color=red><form>↓`,
	"a div does not break out of a foreignObject":            `<svg><foreignObject><div></div><form></form></foreignObject></svg><form>↓`,
	"a div breaks out of an svg in a foreignObject":          `<svg><foreignObject><svg><g><div></div></foreignObject></svg><form>↓`,
	"a form in a foreignObject is open":                      `<svg><foreignObject><form></foreignObject></svg><form>`,
	"a form in a form in a foreignObject is in doubt":        `<form>↓<svg><foreignObject><form></form></foreignObject></svg></form><form>`,
	"HTML in an svg that is not well nested is in doubt":     `<svg><foreignObject><p><b></p></b></foreignObject></svg><form>`,
	"HTML in an svg with an end tag too many is in doubt":    `<svg><desc><p></b></p></desc></svg><form>`,
	"a select that ends in a desc of an svg is in doubt":     `<select><svg><desc></select><form>`,
	"a br and an image break out of an svg":                  `<svg><g><br><form>↓</form><svg><img><form>↓`,
	"a cell in an svg is in doubt":                           `<table><td><svg><desc><td></td></desc></svg><form>`,
	"a table in an svg is not in doubt":                      `<svg><desc><table><tr><td></td></tr></table></desc></svg><form>↓`,
	"a table in a table in an svg is in doubt":               `<svg><desc><table><td><table></table></td></table></desc></svg><form>`,
	"a link in a link in an svg is in doubt":                 `<svg><desc><a><b><a></a></b></a></desc></svg><form>`,
	"an end tag from outside an svg is in doubt":             `<div><svg></div><form></form></svg><form>`,
	"a form may end in an svg, which does not":               `<form>↓<svg><g></form><form></form></svg><form>↓`,
	"a form that ends in an svg in a template is in doubt":   `<form>↓</form><template><svg></form></svg></template><form>`,
	"an end tag too many in an svg is ignored":               `<svg><path/></path></g></svg><form>↓`,
	"an input in an svg in a select is in doubt":             `<select><svg><input></svg></select><form>`,
	"an svg in a select ends with it":                        `<select><svg><g></select><form>↓`,
	"a select in an svg is in doubt":                         `<svg><desc><select></select></desc></svg><form>`,
	"a math hides":                                           `<math><mi><form></form></mi><form></form></math><form>↓`,
	"an mi in a math may contain HTML":                       `<math><mi><style></math><form></style></mi></math><form>↓`,
	"an mglyph in an mi may not contain HTML":                `<math><mi><mglyph><style></mi></math><form>↓`,
	"an annotation may not contain HTML":                     `<math><annotation-xml><style></math><form>↓`,
	"an annotation may contain HTML if its encoding says so": `<math><annotation-xml encoding="Text/HTML"><style></math><form></style></annotation-xml></math><form>↓`,
	"an annotation may contain an svg":                       `<math><annotation-xml><svg><desc><style></svg><form></style></desc></svg></annotation-xml></math><form>↓`,
	"an svg nested too deep is in doubt":                     strings.Repeat("<svg>", maxNodes+1) + strings.Repeat("</svg>", maxNodes+1) + `<form>`,
	"an svg nested to the maximum is not in doubt":           strings.Repeat("<svg>", maxNodes) + strings.Repeat("</svg>", maxNodes) + `<form>↓`,
	"an element with a very long name is in doubt":           `<svg><` + strings.Repeat("a", maxName+1) + `></svg><form>`,
	"templates nested too deep are in doubt":                 strings.Repeat("<template>", 65) + strings.Repeat("</template>", 65) + `<form>`,
	"a button with formaction gets it before its tag":        `<form>↓<b>x↓<button formaction=a>y</button></b>↓<input type=submit formaction=b>`,
	"a button with formmethod gets it":                       `<form>↓↓<button formmethod=post>`,
	"a button with neither gets none":                        `<form>↓<button><button formenctype=a><input type=submit>`,
	"a button outside of a form gets none":                   `<button formaction=a></button><form>↓</form><button formaction=a>`,
	"a button that does not send gets none":                  `<form>↓<button type=button formaction=a><button type=RESET formaction=a><input formaction=a><input type=text formaction=a>`,
	"a button that sends gets it whatever it is called":      `<form>↓↓<button type=x formaction=a>↓<button type=SUBMIT formaction=a>↓<button type formaction=a>↓<input type=Image formaction=a>`,
	"a button of another form gets none":                     `<form id=a>↓<button form=b formaction=a><button form="" formaction=a></form><form>↓<button form=a formaction=a><button form formaction=a>`,
	"a button that names its own form gets it":               `<form id=a>↓↓<button form=a formaction=a>`,
	"a button in a template or in a select gets none":        `<form>↓<template><button formaction=a></template><select><button formaction=a></select><svg><button formaction=a></svg>`,
	"a form with a tag that is too long gets none":           `<form a="` + strings.Repeat("x", maxTag) + `"><form></form><form>↓`,
	"a script with a tag that is too long is a script":       `<script a="` + strings.Repeat(">", maxTag) + `"><form></script><form>↓`,
	"an svg that is too long may close itself":               `<svg a="` + strings.Repeat(">", maxTag) + `"/><form>↓`,
	"a font that is too long is in doubt":                    `<svg><font a="` + strings.Repeat(">", maxTag) + `"></font></svg><form>`,
	"a tag in a noscript that is too long is in doubt":       `<noscript><a a="` + strings.Repeat(">", maxTag) + `"></noscript><form>`,
	"a tag of just the length is looked at":                  `<form a="` + strings.Repeat("x", maxTag-len(`<form a="">`)) + `">↓`,
	"a tag that is longer by one is not looked at":           `<form a="` + strings.Repeat("x", maxTag-len(`<form a="">`)+1) + `">`,
}

func TestInsertions(t *testing.T) {
	w := NewWriter(nil, Hooks{})
	for name, test := range pages {
		t.Run(name, func(t *testing.T) {
			page := strings.ReplaceAll(test, "↓", "")
			for _, pieces := range [][][]byte{{[]byte(page)}, bytewise([]byte(page)), slices.Collect(slices.Chunk([]byte(page), 1000))} {
				at := places(inject(t, w, ASCII, pieces...), false)
				if got := mark(page, at); got != test {
					t.Errorf("in %d pieces:\n%.1000s, not\n%.1000s", len(pieces), got, test)
				}
			}
		})
	}
}

// places returns the positions of the insertions, either into heads or at forms.
func places(all []insertion, heads bool) []int {
	var at []int
	for _, i := range all {
		if i.head == heads {
			at = append(at, i.at)
		}
	}
	return at
}

func mark(page string, at []int) string {
	for _, i := range slices.Backward(at) {
		page = page[:i] + "↓" + page[i:]
	}
	return page
}

func TestHead(t *testing.T) {
	tests := map[string]string{
		"is filled after its start tag":             `<!doctype html><html lang=en><head profile=x>↓<title></title><head>`,
		"is found in capitals":                      `<HTML><HEAD>↓`,
		"is found after a comment":                  `<!-- <head> --><head>↓`,
		"may not be there":                          `<!doctype html><html>` + "\n" + `↓<title></title>`,
		"is not looked for after another tag":       `<!doctype html>↓<body><head>`,
		"is not to be confused with a header":       `<html>↓<header></header>`,
		"may be missing with a text first":          `<!DocType html>x</b>↓<p>`,
		"is not before a comment or a doctype":      `<!-- a --> <!doctype html> <!-- b --> ↓<form>`,
		"is not made where there is no start tag":   `<!doctype html> text </p> <!-- c -->`,
		"is not made for a tag that does not end":   `<!doctype html><p`,
		"comes before a first tag that is too long": `<html>↓<p a="` + strings.Repeat(">", maxTag) + `"><head>`,
		"is filled even if its tag is too long":     `<html><head a="` + strings.Repeat(">", maxTag) + `">↓<p>`,
		"comes before a frameset":                   `↓<frameset>`,
		"comes before an svg":                       `<!doctype html>↓<svg><head>`,
		"comes before the insertion at the button":  `<!doctype html>↓<button formaction=a>`,
		"needs no doctype before a body":            `<title>a</title><link href=b>` + "\n" + `↓<body>`,
		"is not made in a fragment":                 `<div>a</div>`,
		"is not made in a fragment with a text":     `a<b>b</b>`,
		"is not made in a fragment with a title":    `<title>a</title><div>b</div>`,
		"is not made after content":                 `<div>b</div><body>`,
		"is not made in a fragment after a comment": `<!-- <!doctype html> --><tr><td>`,
		"is not made in data":                       `{"a": "<!doctype html><body>"}`,
	}
	w := NewWriter(nil, Hooks{})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			page := strings.ReplaceAll(test, "↓", "")
			for _, pieces := range [][][]byte{{[]byte(page)}, bytewise([]byte(page))} {
				if got := mark(page, places(inject(t, w, ASCII, pieces...), true)); got != test {
					t.Errorf("in %d pieces:\n%.1000s, not\n%.1000s", len(pieces), got, test)
				}
			}
		})
	}
}

// Data that is sent as a page stays as it is, also if it holds markup.
func TestData(t *testing.T) {
	const form = `<!doctype html><form method=post>`
	w := NewWriter(nil, Hooks{})
	for name, row := range map[string]struct {
		page     string
		encoding Encoding
		places   int
	}{
		"an object":                           {`{"a": "` + form + `"}`, ASCII, 0},
		"a list":                              {`["` + form + `"]`, ASCII, 0},
		"after white space":                   {" \r\n\t{" + form, ASCII, 0},
		"after a byte order mark":             {"\ufeff [" + form, ASCII, 0},
		"in UTF-16":                           {string(widen([]byte("\ufeff\n{"+form), UTF16LE)), UTF16LE, 0},
		"in UTF-16, big-endian":               {string(widen([]byte("["+form), UTF16BE)), UTF16BE, 0},
		"a page after a byte order mark":      {"\ufeff" + form, ASCII, 2},
		"a page with a bracket in its text":   {"a [" + form, ASCII, 2},
		"a page in UTF-16":                    {string(widen([]byte("\ufeff"+form), UTF16LE)), UTF16LE, 2},
		"a page that begins with quoted text": {`"{` + form, ASCII, 2},
	} {
		for _, pieces := range [][][]byte{{[]byte(row.page)}, bytewise([]byte(row.page))} {
			if got := inject(t, w, row.encoding, pieces...); len(got) != row.places {
				t.Errorf("%s, in %d pieces: %v", name, len(pieces), got)
			}
		}
	}
}

func TestTargets(t *testing.T) {
	tests := map[string]struct {
		page string
		want Target // the last target
	}{
		"a form may have no attributes":                   {`<form>`, Target{}},
		"a form may have all attributes":                  {`<form action="/a" method="POST">`, Target{Action: "/a", HasAction: true, Method: "post"}},
		"an action may be empty":                          {`<form action method>`, Target{HasAction: true}},
		"names are the same in capitals":                  {`<form ACTION=/a Method='Get'>`, Target{Action: "/a", HasAction: true, Method: "get"}},
		"the first of two counts":                         {`<form action=/a action=/b method="" method=post>`, Target{Action: "/a", HasAction: true}},
		"an action needs no quotes":                       {`<form action=/a/?b="c'>`, Target{Action: `/a/?b="c'`, HasAction: true}},
		"an action may be apart":                          {"<form action\n=\t/a\n>", Target{Action: "/a", HasAction: true}},
		"an action is trimmed":                            {"<form action=\" \t\n\x01/a \x1f\">", Target{Action: "/a", HasAction: true}},
		"an action may span lines":                        {"<form action='/a\r\n\t/b c'>", Target{Action: "/a/b c", HasAction: true}},
		"references are decoded":                          {`<form action="/a?b&amp;c&#x3D;&copy;&lt" method="p&#111;st">`, Target{Action: "/a?b&c=©<", HasAction: true, Method: "post"}},
		"references without end are not in a query":       {`<form action="?a&copy=1&lt2&amp=">`, Target{Action: "?a&copy=1&lt2&amp=", HasAction: true}},
		"a method that is not ASCII is not folded":        {"<form method=\"\u212Aİ\">", Target{Method: "\u212Aİ"}},
		"a value may contain anything":                    {"<form action='\x00\xff<form>'>", Target{Action: "\uFFFD\xff<form>", HasAction: true}},
		"the first base counts":                           {`<base target=x><base href=" /a&amp;b "><base href=/c><form>`, Target{Base: "/a&b"}},
		"a base after the form does not count":            {`<form><base href=/a>`, Target{}},
		"a base in a template does not count":             {`<template><base href=/a></template><form>`, Target{}},
		"a base in a noscript does not count":             {`<noscript><base href=/a></noscript><form>`, Target{}},
		"a base in an svg does not count":                 {`<svg><base href=/a></svg><form>`, Target{}},
		"a submitter has only its own attributes":         {`<base href=/b><form action=/a method=post><button formaction=/c>`, Target{Submitter: true, Action: "/c", HasAction: true, Base: "/b"}},
		"a submitter may have only a method":              {`<form action=/a><input type=submit formmethod=POST>`, Target{Submitter: true, Method: "post"}},
		"an attribute with a similar name does not count": {`<form xaction=/a data-action=/b actions=/c>`, Target{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var last Target
			for _, i := range forms(t, test.page) {
				if !i.head {
					last = i.Target
				}
			}
			if last != test.want {
				t.Errorf("%+v, not %+v", last, test.want)
			}
		})
	}
}

func TestNothingIsInsertedWhereHooksWantNothing(t *testing.T) {
	const page = `<html><head><form action=a><button formaction=b></form>`
	for name, hooks := range map[string]Hooks{
		"no hooks":        {},
		"nil":             {Target: func(Target) []byte { return nil }, Head: func(string) []byte { return nil }},
		"an opaque page":  {Encoding: Opaque, Target: func(Target) []byte { return marker }, Head: func(string) []byte { return marker }},
		"the wrong width": {Encoding: UTF16BE, Target: func(Target) []byte { return marker }, Head: func(string) []byte { return marker }},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			w := NewWriter(&out, hooks)
			if _, err := io.WriteString(w, page); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if out.String() != page {
				t.Errorf("it is now %q", &out)
			}
		})
	}
}

// failing fails from the nth write on, or writes less than it should.
type failing struct {
	n     int
	short bool
}

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	f.n--
	switch {
	case f.n > 0:
		return len(p), nil
	case f.short:
		return len(p) - 1, nil
	}
	return 0, errFull
}

func TestAnErrorOfTheDestinationIsReportedAndStays(t *testing.T) {
	for n := 1; n <= 4; n++ {
		for _, short := range []bool{false, true} {
			want := errFull
			if short {
				want = io.ErrShortWrite
			}
			w := NewWriter(&failing{n, short}, Hooks{Target: func(Target) []byte { return marker }})
			_, first := io.WriteString(w, `x<form>y<form`)
			_, second := io.WriteString(w, `>`)
			if err := errors.Join(first, second, w.Close()); !errors.Is(err, want) {
				t.Errorf("at write %d: %v", n, err)
			}
			if _, err := io.WriteString(w, "x"); !errors.Is(err, want) {
				t.Errorf("after write %d: %v", n, err)
			}
		}
	}
}

// A tag that needs no insertion must not delay the bytes of the page.
func TestOnlyAnOpenTagIsHeldBack(t *testing.T) {
	for page, held := range map[string]string{
		"text":                                 "",
		"text<":                                "<",
		"text</":                               "</",
		"text<a href='x":                       "<a href='x",
		"<p>text</a":                           "</a",
		"<!-- a":                               "",
		"<script>var a = b </scrip":            "",
		"<script>x</script ":                   "",
		"<svg><![CDATA":                        "",
		"<a b='" + strings.Repeat("x", maxTag): "",
		"<a b='" + strings.Repeat("x", maxTag-len("<a b=''")): "<a b='" + strings.Repeat("x", maxTag-len("<a b=''")),
	} {
		var out bytes.Buffer
		w := NewWriter(&out, Hooks{})
		if _, err := io.WriteString(w, page); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(page, out.String()); got != held {
			t.Errorf("%.30q: held back %.30q, not %.30q", page, got, held)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	w := NewWriter(io.Discard, Hooks{})
	for range 1000 {
		if _, err := io.WriteString(w, "<form a='"+strings.Repeat("x", 4000)); err != nil {
			t.Fatal(err)
		}
	}
	if got := cap(w.held.text); got > 4*maxTag {
		t.Errorf("it holds %d bytes", got)
	}
}

func TestATagOfNoInterestAllocatesNothing(t *testing.T) {
	page := []byte(strings.Repeat(`<p class="a"><a href='b'>x</a><br/><!-- c --><script>d</script><svg><path d=""/></svg><select><option></select><button>`, 100) +
		`<form>` + strings.Repeat(`<input type="text" name=a value="&amp;"><button type=submit>`, 100))
	w := NewWriter(io.Discard, Hooks{Target: func(Target) []byte { return nil }})
	pieces := slices.Collect(slices.Chunk(page, 100))
	allocations := testing.AllocsPerRun(10, func() {
		w.Reset(io.Discard, w.hooks)
		for _, piece := range pieces {
			_, _ = w.Write(piece)
		}
		_ = w.Close()
	})
	if allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// After Reset the Writer keeps no state of the page before, wherever that page ended.
func TestResetForgetsThePageBefore(t *testing.T) {
	w := NewWriter(nil, Hooks{})
	const page = `<p><form action=a></form><button formaction=b>`
	want := inject(t, w, ASCII, []byte(page))
	for _, before := range []string{`<form id=x><base href=y>`, `<template>`, `<select>`, `<svg><g>`, `<frameset>`, `<noscript>`, `<script><!--<script>`, `<!--`, `<form a="`, `<plaintext>`} {
		if _, err := io.WriteString(w, before); err != nil {
			t.Fatal(err)
		}
		if got := inject(t, w, ASCII, []byte(page)); !slices.Equal(got, want) {
			t.Errorf("after %q: %v, not %v", before, got, want)
		}
		inject(t, w, ASCII, []byte(before))
		if got := inject(t, w, ASCII, []byte(page)); !slices.Equal(got, want) {
			t.Errorf("after %q was closed: %v, not %v", before, got, want)
		}
	}
}
