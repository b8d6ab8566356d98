package fronts

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// djangoAdmin is the admin that Django has: a login, an upload, rows that a script adds to a
// form, an editable list, an action with a second page that confirms it, and the logout, which
// is a form without fields.
var djangoAdmin = real{
	start:    func(t *testing.T) string { return apps.Admin(t).URL },
	random:   regexp.MustCompile(`(csrfmiddlewaretoken(?:=|"\r\n\r\n|" value="))[A-Za-z0-9]{64}|class="main( shifted)?"|aria-label="Sidebar"( aria-expanded="\w+")?`), // its script opens the sidebar at any time
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

// wordPress is a blog: a visitor's comment, and what its author does. What differs in each
// answer are hashes with the time or the session in them.
var wordPress = real{
	start: func(t *testing.T) string { return apps.WordPress(t).URL },
	versions: func(t *testing.T) []string {
		text, err := os.ReadFile("../../.tools/stacks/wordpress/wp-includes/version.php")
		found := regexp.MustCompile(`\$wp_version = '([^']+)'`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("the version of WordPress: %v", err)
		}
		return []string{"WordPress " + string(found[1])}
	},
	random:     regexp.MustCompile(`\b([0-9a-f]{10}|[0-9a-f]{32}|html5_[0-9a-z]+(_container)?|\d+:\d\d [ap]m|id-[0-9a-z]+|[0-9]\.gravatar|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\b`),
	background: regexp.MustCompile(`action=(heartbeat|get-community-events|query-attachments)|wp/v2/users/me|attachment_id=\d+&fetch=`),
	steps: []step{
		{
			path: "/?p=1", click: "#submit", then: "location.search.includes('unapproved=')",
			write: [][2]string{{"#comment", "Well said & done"}, {"#author", "Grace"}, {"#email", "grace@example.org"}},
		},
		{
			path: "/wp-login.php", click: "#wp-submit", then: "document.querySelector('#wpadminbar')",
			write: [][2]string{{"#user_login", "ada"}, {"#user_pass", "lovelace"}},
		},
		{
			path: "/wp-admin/index.php", click: "#save-post", then: has("#quick-press", "") + " && " + has(".drafts", "Draft 1"),
			write: [][2]string{{"#title", "Draft 1"}, {"#content", "Text"}},
		},
		{
			path: "/wp-admin/media-new.php", click: ".moxie-shim input", then: "document.querySelector('.media-item .edit-attachment, .media-item-wrapper .edit-attachment')",
			press: file(".moxie-shim input") + ";\ndocument.querySelector('.moxie-shim input').dispatchEvent(new Event('change'))",
		},
		{path: "/wp-admin/media-new.php?browser-uploader", click: "#html-upload", then: "location.pathname.endsWith('/upload.php')", run: file("#async-upload")},
		{
			path: "/wp-admin/post-new.php", click: ".editor-post-save-draft, .editor-post-title__input", then: "document.querySelector('.editor-post-saved-state.is-saved')",
			write: [][2]string{{".editor-post-title__input", "Post 1"}}, press: "document.querySelector('.editor-post-save-draft').click()",
		},
		{ // it saves by itself
			click: ".editor-post-title__input", then: "document.querySelector('.editor-post-saved-state.is-saved')",
			write: [][2]string{{".editor-post-title__input", "Post 2"}}, press: "0",
		},
	},
}
