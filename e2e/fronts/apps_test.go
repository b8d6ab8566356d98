package fronts

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// djangoAdmin is the admin that Django has: a login, an upload, rows that a script adds to a
// form, an editable list, an action with a second page that confirms it, and the logout, which
// is a form without fields.
var djangoAdmin = real{
	start:    func(t *testing.T) string { return apps.Admin(t).URL },
	random:   regexp.MustCompile(`(csrfmiddlewaretoken(?:=|"\r\n\r\n|" value="))[A-Za-z0-9]{64}`),
	versions: func(t *testing.T) []string { return []string{pinned(t, "Django")} },
	steps: []step{
		{
			path: "/admin/", click: "[type=submit]", then: "document.querySelector('#logout-form')",
			write: [][2]string{{"#id_username", "ada"}, {"#id_password", "lovelace"}},
		},
		{
			path: "/admin/library/book/add/", click: "[name=_save]", then: "document.querySelector('.messagelist .success')",
			run:   file("#id_text"),
			write: [][2]string{{"#id_title", "Notes & sketches"}, {"#id_published", "1843-09-01"}},
		},
		{
			path: "/admin/library/book/1/change/", click: "[name=_continue]", then: "document.querySelector('.messagelist .success')",
			run:   `document.querySelector('#chapter_set-group .add-row a').click()`,
			write: [][2]string{{"#id_title", "Notes"}, {"#id_chapter_set-0-title", "Chapter A"}},
		},
		{
			path: "/admin/library/book/", click: "[name=_save]", then: "document.querySelector('.messagelist .success')",
			write: [][2]string{{"#id_form-0-title", "Notes of Ada"}},
		},
		{
			path: "/admin/library/book/", click: "[name=index]", then: "document.querySelector('[value=delete_selected][name=action]')",
			run: `document.querySelector('.action-select').click(); document.querySelector('select[name=action]').value = 'delete_selected'`,
		},
		{click: "#content [type=submit]", then: "document.querySelector('.messagelist .success')"},
		{click: "#logout-form button", then: "!document.querySelector('#logout-form') && document.title.includes('Logged out')"},
	},
}

// nextActions are the ways in which pages of Next.js run server actions. The page of the last
// step was never loaded: a link leads to it.
var nextActions = real{
	start: func(t *testing.T) string { return apps.Next(t).URL },
	versions: func(t *testing.T) []string {
		return locked(t, "../apps/probes/next/package-lock.json", "next", "react")
	},
	steps: []step{
		{path: "/guestbook", click: "#sign", then: has("#entries", "Ada 1"), write: [][2]string{{"#name", "Ada 1"}}},
		{click: "#sign", then: has("#entries", "Ada 2"), write: [][2]string{{"#name", "Ada 2"}}},
		{click: "#say", then: has("#said", "Thank you, Ada & co"), write: [][2]string{{"#said-name", "Ada & co"}}},
		{click: "#vote", then: has("#votes", "4")},
		{click: "#upload", then: "location.pathname === '/guestbook/more' && document.querySelector('#more-name')", run: file("#file")},
		{click: "#sign-more", then: "true", write: [][2]string{{"#more-name", "Ada 3"}}},
		{link: "#back", click: "#sign", then: has("#entries", "Ada 4"), write: [][2]string{{"#name", "Ada 4"}}},
	},
}

func has(selector, text string) string {
	return fmt.Sprintf("document.querySelector(%q)?.textContent.includes(%q)", selector, text)
}

// file puts a file into a field.
func file(selector string) string {
	return fmt.Sprintf(`const files = new DataTransfer(); files.items.add(new File(['x'.repeat(5000)], 'notes.txt', {type: 'text/plain'}));
		document.querySelector(%q).files = files.files`, selector)
}
