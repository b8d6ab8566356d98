package service_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestFrames(t *testing.T) {
	s := newStand(t)
	const (
		own    = "frame-ancestors https://shop.example:* http://shop.example:* https://localhost:8000 http://localhost:8000"
		anyone = "frame-ancestors *"
	)
	for name, row := range map[string]struct {
		path      string
		status    int
		ancestors string
	}{
		"only pages of the site show its frame":               {"/captcha/frame?k=shop", http.StatusOK, own},
		"and its frame for Friendly Captcha's SDK":            {"/api/v2/captcha/widget?sitekey=shop&lang=de", http.StatusOK, own},
		"the SDK's agent belongs to no site":                  {"/api/v2/captcha/agent", http.StatusOK, anyone},
		"a key that is not known is a mistake":                {"/captcha/frame?k=other", http.StatusNotFound, anyone},
		"a key that is not known is a mistake of the SDK too": {"/api/v2/captcha/widget?sitekey=other", http.StatusNotFound, anyone},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := http.Get(s.URL + row.path)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			policy := answer.Header.Get("Content-Security-Policy")
			if answer.StatusCode != row.status || !strings.HasSuffix(policy, row.ancestors) {
				t.Errorf("%d %s", answer.StatusCode, policy)
			}
			// Pages that isolate themselves show no frame without these.
			if answer.Header.Get("Cross-Origin-Embedder-Policy") != "require-corp" || answer.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
				t.Errorf("%v", answer.Header)
			}
		})
	}
}
