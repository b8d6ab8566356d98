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

func (r row) everyDay() row         { r.daily = true; return r }
func (r row) leavesThePage() row    { r.leaves = true; return r }
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

var rows = []row{
	front("plain form", "plain.html").leavesThePage().everyDay(),
	front("fetch with FormData", "fetch-formdata.html").everyDay(),
	front("fetch with JSON", "fetch-json.html").everyDay(),
	front("htmx", "htmx.html", "htmx.org").everyDay(),
	front("Turbo", "turbo.html", "@hotwired/turbo").leavesThePage(),
	front("Alpine", "alpine.html", "alpinejs"),
	front("jQuery `$.post`", "jquery.html", "jquery").everyDay(),
	front("axios", "axios.html", "axios").everyDay(),
	front("React, rendered by the browser", "react.jsx", "react", "react-dom"),
	front("React, rendered by the server", "react-hydrated.jsx", "react", "react-dom"),
	front("Vue", "vue.html", "vue"),
	front("Svelte", "svelte.svelte", "svelte"),
	front("GraphQL", "apollo.html", "@apollo/client", "graphql"),
	front("GraphQL, in batches", "apollo-batch.html", "@apollo/client", "graphql"),
	front("upload with progress (XMLHttpRequest)", "upload.html").everyDay(),
	front("tus", "tus.html", "tus-js-client"),
	front("sendBeacon", "beacon.html").everyDay(),
	front("worker", "worker.html").everyDay(),
	front("service worker", "service-worker.html"),
	front("EventSource beside a form", "eventsource.html").leavesThePage(),
	front("WebSocket beside a form", "websocket.html").leavesThePage().needs("exempt: [GET /socket]"),
}
