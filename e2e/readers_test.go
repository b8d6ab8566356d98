package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// reader is an app in PHP that looks for the action in all places where apps do, and counts
// calls of "register".
const reader = `<?php
$count = __DIR__ . '/count';
$json = json_decode(file_get_contents('php://input'), true);
$said = ['query' => $_GET['do_action'] ?? '', 'form' => $_POST['do_action'] ?? '', 'request' => $_REQUEST['do_action'] ?? '', 'json' => is_array($json) ? $json['do_action'] ?? '' : ''];
if ($_SERVER['REQUEST_METHOD'] !== 'GET' && trim($said[basename($_SERVER['SCRIPT_NAME'], '.php')] ?? '') === 'register') {
	file_put_contents($count, '.', FILE_APPEND);
}
echo 'done';
`

// The gateway judges the action that the app reads: a request without a proof has no effect.
// Without the gateway, each of these requests has an effect.
func TestConditionsReadWhatPHPReads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"query.php", "form.php", "request.php", "json.php"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(reader), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port := apps.FreePort(t)
	apps.Run(t, dir, nil, "http://127.0.0.1:"+port+"/query.php", "php", "-n", "-S", "127.0.0.1:"+port)
	app := &apps.App{URL: "http://127.0.0.1:" + port}
	front := gatewayWith(t, app, "", `  - host: "*"
    upstream: UPSTREAM
    forms:
      - {name: query, route: POST /query.php, when: {query: do_action, in: [register]}}
      - {name: form, route: POST /form.php, when: {form: do_action, in: [register]}}
      - {name: request, route: POST /request.php, when: {form: do_action, in: [register]}}
      - {name: json, route: POST /json.php, when: {json: do_action, in: [register]}}
`)
	effects := func() int {
		count, err := os.ReadFile(filepath.Join(dir, "count"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return len(count)
	}
	const plain, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
	part := func(head, value string) string {
		return "--x\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n--x--\r\n"
	}
	for _, test := range []struct{ name, target, header, kind, body string }{
		{"the parameter", "/query.php?do_action=register", "", plain, ""},
		{"a space before its name", "/query.php?+do_action=register", "", plain, ""},
		{"a NUL in its name", "/query.php?do_action%00x=register", "", plain, ""},
		{"a dot instead of the underscore", "/query.php?do.action=register", "", plain, ""},
		{"a bracket instead of the underscore", "/query.php?do%5Baction=register", "", plain, ""},
		{"the field twice", "/query.php?do_action=x&do_action=register", "", plain, ""},
		{"a NUL after the value", "/query.php?do_action=register%00", "", plain, ""},
		{"below the program", "/query.php/x?do_action=register", "", plain, ""},
		{"the field", "/form.php", "", plain, "do_action=register"},
		{"a bracket instead of the underscore of the field", "/form.php", "", plain, "do[action=register"},
		{"the field after one that cannot be decoded", "/form.php", "", plain, "a=%zz&do_action=register"},
		{"the field of an upload", "/form.php", "", multipart, part(`name="do_action"`, "register")},
		{"a name in apostrophes", "/form.php", "", multipart, part(`name='do_action'`, "register")},
		{"a name without quotation marks", "/form.php", "", multipart, part(`name=do_action`, "register")},
		{"a bracket in the name of a part", "/form.php", "", multipart, part(`name="do[action"`, "register")},
		{"a cookie, with PHP's default configuration", "/request.php", "Cookie: do_action=register\r\n", plain, "a=1"},
		{"a parameter in place of the field", "/request.php?do_action=register", "", plain, "a=1"},
		{"JSON", "/json.php", "", "application/json", `{"do_action":"register"}`},
		{"JSON with the content type of a form", "/json.php", "", plain, `{"do_action":"register"}`},
		{"JSON without a content type", "/json.php", "", "", `{"do_action":"register"}`},
		{"JSON with the content type of text", "/json.php", "", "text/plain", ` {"do_action":"register"}`},
		{"JSON with the member twice", "/json.php", "", "application/json", `{"do_action":"x","do_action":"register"}`},
		{"JSON with escapes", "/json.php", "", "application/json", `{"do\u005faction":"\u0072egister"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := func(host string) string {
				kind := ""
				if test.kind != "" {
					kind = "Content-Type: " + test.kind + "\r\n"
				}
				return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s%sContent-Length: %s\r\n\r\n%s", test.target, host, test.header, kind, strconv.Itoa(len(test.body)), test.body)
			}
			before := effects()
			status, _ := send(t, front, request(hostOf(front)))
			if n := effects() - before; n != 0 || status < 400 || status >= 500 {
				t.Errorf("status %d, %d effects", status, n)
			}
			before = effects()
			if _, body := send(t, app.URL, request(hostOf(app.URL))); effects()-before != 1 {
				t.Errorf("PHP alone has no effect of it, so this shows nothing: %.300s", strings.TrimSpace(body))
			}
		})
	}
	if status, body := send(t, front, "POST /json.php HTTP/1.1\r\nHost: "+hostOf(front)+"\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"do_action\":\"list\"}"); status != 200 || body != "done" {
		t.Errorf("another action: status %d, %s", status, body)
	}
}
