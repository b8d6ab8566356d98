package service_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/service"
)

func fuzzed(t testing.TB) *service.Service {
	s, err := service.New(service.Config{
		Keys: palisade.Keys{Current: []byte("a key of the tests, of 32 bytes or more")}, ClientIP: clientip.RemoteAddr(), Query: true,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Sites:  []service.Site{{Key: "shop", Secret: shopSecret, Hosts: []string{"shop.example"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every call gets HTTP 200 and JSON in the format of its vendor. No call succeeds without a
// token that was issued here.
func FuzzSiteverify(f *testing.F) {
	s := fuzzed(f)
	paths := []string{"/recaptcha/api/siteverify", "/siteverify", "/turnstile/v0/siteverify", "/api/v2/captcha/siteverify"}
	for _, kind := range []string{form, "application/json", "multipart/form-data; boundary=x", ""} {
		f.Add(uint8(0), kind, "", "secret="+shopSecret+"&response=x&remoteip=None")
		f.Add(uint8(2), kind, "secret=a&response=b", `{"secret":"`+shopSecret+`","response":"x","idempotency_key":"k"}`)
		f.Add(uint8(3), kind, "", "--x\r\nContent-Disposition: form-data; name=\"response\"\r\n\r\nx\r\n--x--")
	}
	text, err := os.ReadFile("testdata/clients.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(1), form, "", string(text))
	f.Fuzz(func(t *testing.T, which uint8, kind, query, body string) {
		r := httptest.NewRequest("POST", paths[int(which)%len(paths)], strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", kind)
		r.Header.Set("X-Api-Key", shopSecret)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var said struct {
			Success *bool
			Codes   []string `json:"error-codes"`
			Error   struct {
				Code string `json:"error_code"`
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != http.StatusOK || said.Success == nil {
			t.Fatalf("%d %v %s", w.Code, err, w.Body)
		}
		if *said.Success || len(said.Codes) != 1 && said.Error.Code == "" {
			t.Fatalf("%s", w.Body)
		}
	})
}

// Every signed call of a backend is judged or refused. No visitor is allowed without a
// ticket that was issued here.
func FuzzCheck(f *testing.F) {
	s := fuzzed(f)
	for _, said := range []m{
		visit(nil), visit(m{"fields": [][2]string{{"palisade-ticket", "x"}, {"palisade-ticket", "y"}}}),
		visit(m{"json": true, "fields": [][2]string{{"a", "b"}}, "want": []string{"answer", "retry"}}), visit(m{"method": "GET"}),
	} {
		text, _ := json.Marshal(said)
		f.Add("/v1/check", text)
		f.Add("/v1/fields", text)
	}
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		if path != "/v1/check" && path != "/v1/fields" {
			return
		}
		at := strconv.FormatInt(time.Now().Unix(), 10)
		r := httptest.NewRequest("POST", path, bytes.NewReader(body))
		r.Header.Set("Palisade-Key", "shop")
		r.Header.Set("Palisade-Signature", "v1="+at+"."+sign(shopSecret, "palisade-v1", "POST", path, at, "", string(body)))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var said struct{ Allowed bool }
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || said.Allowed || w.Code != 200 && w.Code != 400 && w.Code != 413 {
			t.Fatalf("%d %v %s", w.Code, err, w.Body)
		}
		if w.Header().Get("Palisade-Signature") == "" && w.Code != 413 {
			t.Fatal("an answer without a signature")
		}
	})
}
