package fronts

import "strings"

// row is a front end.
type row struct {
	name, file string   // the file is in pages
	packages   []string // of npm, whose versions the table names
	daily      bool     // runs without -all
	leaves     bool     // the browser goes to the app's answer
	settings   string   // of the gateway's site, besides protect: auto and script: true
	missing    map[string]string
}

func front(name, file string, packages ...string) row {
	return row{name: name, file: file, packages: packages}
}

func (r row) everyDay() row      { r.daily = true; return r }
func (r row) leavesThePage() row { r.leaves = true; return r }

// needs adds a setting to the gateway's site. The table shows it.
func (r row) needs(text string) row { r.settings = text; return r }

// misses lists cells that do not hold yet, and the reason as the table gives it.
func (r row) misses(reason, cells string) row {
	missing := make(map[string]string)
	for name, known := range r.missing {
		missing[name] = known
	}
	for _, cell := range strings.Fields(cells) {
		missing[cell] = reason
	}
	r.missing = missing
	return r
}

const (
	inTheForm = "our fields are in the form when scripts look"
	first     = "the page reads `elements[0]`, which is our ticket"
	noTicket  = "requests of workers have no ticket: 403"
)

var rows = []row{
	front("plain form", "plain.html").leavesThePage().everyDay().misses(inTheForm, "page"),
	front("fetch with FormData", "fetch-formdata.html").everyDay().misses(inTheForm, "page"),
	front("fetch with JSON", "fetch-json.html").everyDay().misses(inTheForm, "page"),
	front("htmx", "htmx.html", "htmx.org").everyDay(),
	front("Turbo", "turbo.html", "@hotwired/turbo").leavesThePage().misses(inTheForm, "page"),
	front("Alpine", "alpine.html", "alpinejs"),
	front("jQuery `$.post`", "jquery.html", "jquery").everyDay().misses(inTheForm, "page"),
	front("axios", "axios.html", "axios").everyDay().misses(inTheForm, "page").misses(first, "bytes"),
	front("React, rendered by the browser", "react.jsx", "react", "react-dom"),
	front("React, rendered by the server", "react-hydrated.jsx", "react", "react-dom").misses(inTheForm, "page").
		misses("hydration finds our element, and React renders anew", "console"),
	front("Vue", "vue.html", "vue"),
	front("Svelte", "svelte.svelte", "svelte"),
	front("GraphQL", "apollo.html", "@apollo/client", "graphql").misses(inTheForm, "page").misses(first, "bytes"),
	front("GraphQL, in batches", "apollo-batch.html", "@apollo/client", "graphql").misses(inTheForm, "page").
		misses("a list as the body is answered 400", "passes bytes console effects"),
	front("upload with progress (XMLHttpRequest)", "upload.html").everyDay().misses(inTheForm, "page"),
	front("tus", "tus.html", "tus-js-client").misses(inTheForm, "page").misses(first, "bytes").
		misses("`PATCH` with `application/offset+octet-stream` is answered 415", "passes console effects"),
	front("sendBeacon", "beacon.html").everyDay().misses("`text/plain` is answered 415", "passes bytes console effects"),
	front("worker", "worker.html").everyDay().misses(noTicket, "passes bytes effects"),
	front("service worker", "service-worker.html").misses(noTicket, "passes bytes effects"),
	front("EventSource beside a form", "eventsource.html").leavesThePage().misses(inTheForm, "page"),
	front("WebSocket beside a form", "websocket.html").leavesThePage().needs("exempt: [GET /socket]").misses(inTheForm, "page"),
}
