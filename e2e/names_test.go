package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// spelled are names that some parser takes for "email"; the test adds random ones.
var spelled = []string{
	" email", "+email", "\temail", "email\x00x", "]email", "[email]", "email]", "email[", "email[]", "email[0]", "email.", "email ", "EMAIL", "Email", "email(1i)",
	"[]email", "[email", "email[]]", "email\x00", "\x00email", "e-mail", "email=", "email;", "email\n",
}

func spellings(r *rand.Rand, n int) []string {
	list := spelled
	pieces := []string{" ", "+", "[", "]", "[]", "[0]", "\x00", ".", "\t", "\n", "x", "_", "(", ")", "%", "\xff", "E"}
	for range n {
		text := "email"
		for range 1 + r.IntN(3) {
			at := r.IntN(len(text) + 1)
			text = text[:at] + pieces[r.IntN(len(pieces))] + text[at:]
		}
		list = append(list, text)
	}
	return list
}

// Suppose an app reads a name as the field that a limit counts. Then the gateway reads it as
// that field too, or refuses it. Otherwise the limit would count another field than the app
// uses.
func TestNamesThatAnAppReadsAsACountedField(t *testing.T) {
	t.Parallel()
	for stack, path := range map[string]string{"php": "/echo.php", "express": "/form"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			app := apps.Probe(t, stack)
			front := gateway(t, app, "  - {host: \"*\", upstream: UPSTREAM, forms: [{route: POST "+path+", limits: [{rate: 1, per: 1h, by: \"field:email\"}]}]}\n")
			read := 0
			for _, name := range spellings(rand.New(rand.NewPCG(1, 1)), 300) {
				body := url.QueryEscape(name) + "=victim%40example.org"
				status, text := postForm(t, app.URL+path, body)
				var answer struct{ Form map[string]any }
				if err := json.Unmarshal([]byte(text), &answer); status != http.StatusOK || err != nil {
					continue // the app refused it
				}
				if got := fmt.Sprint(answer.Form["email"]); !strings.Contains(got, "victim@example.org") {
					continue
				}
				read++
				if status, _ := postForm(t, front+path, body); status != http.StatusBadRequest {
					t.Errorf("the app reads %q as email, and the gateway answers %d", name, status)
				}
			}
			if read < 3 {
				t.Errorf("the app reads %d of the names as email: the test shows nothing", read)
			}
			t.Logf("the app reads %d of the names as email", read)
		})
	}
}

func postForm(t *testing.T, url, body string) (status int, text string) {
	t.Helper()
	transport := &http.Transport{} // see echo
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Post(url, "application/x-www-form-urlencoded", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(got)
}
