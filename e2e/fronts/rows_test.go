package fronts

// row is a front end.
type row struct {
	name, file string            // the file is in pages
	packages   []string          // of npm, whose versions the table names
	daily      bool              // runs without -all
	leaves     bool              // the browser goes to the app's answer
	settings   string            // of the gateway's site, besides protect: auto
	missing    map[string]string // why a cell does not hold yet, by its name
	real       *real             // instead of a file
}

func front(name, file string, packages ...string) row {
	return row{name: name, file: file, packages: packages}
}

func (r row) everyDay() row      { r.daily = true; return r }
func (r row) leavesThePage() row { r.leaves = true; return r }

// needs adds a setting to the gateway's site. The table shows it.
func (r row) needs(text string) row { r.settings = text; return r }

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
	realApp("Django admin (login; an object added with an upload, changed, changed in the list, deleted; logout)", djangoAdmin),
	realApp("Next.js (server actions: a form twice, useActionState, a call, an upload that redirects; forms after links)", nextActions),
	realApp("WordPress (comment, login, quick draft, uploads by script and form, draft and autosave of the editor)", wordPress),
}
