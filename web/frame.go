package web

import (
	"io"
	"net"
	"strings"
)

// Frame is the page inside the frame of the widget that api.js puts into pages of
// other origins. Send it with the policy of [Frame.CSP].
type Frame struct {
	Base    string   // path of Handler
	Lang    string   // of the widget's texts: a language tag
	Theme   string   // light, dark or auto
	Hosts   []string // hosts of the pages that may frame it: name, for any port, or name:port; none: any
	Mistake string   // shown to the developer instead of the widget
}

// CSP returns the policy that the page needs.
func (f *Frame) CSP() string {
	ancestors := "*"
	if len(f.Hosts) > 0 {
		var sources []string
		for _, host := range f.Hosts {
			if _, _, err := net.SplitHostPort(host); err != nil {
				host += ":*"
			}
			if !strings.ContainsAny(host, ";, \t\r\n'\"") {
				sources = append(sources, "https://"+host, "http://"+host)
			}
		}
		ancestors = strings.Join(sources, " ")
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors " + ancestors
}

// Write writes the page. Errors come from w.
func (f *Frame) Write(w io.Writer) error {
	return templates().ExecuteTemplate(w, "frame.html", frameView{f, textsOf(Lang(f.Lang))})
}

// frameView is the data of the template of a frame.
type frameView struct {
	*Frame
	T *texts
}
