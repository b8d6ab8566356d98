package gateway_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/gateway"
)

func TestMaxFields(t *testing.T) {
	for name, row := range map[string]struct {
		most, sent, status int
	}{
		"the default":            {0, 990, 200},
		"more than the default":  {0, 1001, 400},
		"a higher limit":         {5000, 4990, 200},
		"more than this limit":   {5000, 5001, 400},
		"the highest limit":      {20000, 19990, 200},
		"more than any may take": {20000, 20001, 400},
		"a lower limit":          {10, 11, 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Forms[0].MaxFields = row.most })
			own := w.solve(w.get("/signup").body)
			v := make(url.Values)
			for i := range row.sent {
				v.Set(fmt.Sprintf("f%d", i), "1")
			}
			typed := v.Encode()
			for name := range own {
				v[name] = own[name]
			}
			w.wait(10 * time.Second)
			a := w.post("/signup", v)
			if a.status != row.status {
				t.Fatalf("status %d, want %d, %s", a.status, row.status, w.reason())
			}
			if got, _ := w.last(); row.status == 200 && got.body != typed {
				t.Errorf("the app got another body, of %d bytes, want %d", len(got.body), len(typed))
			}
			if row.status != 200 && (w.posts() != 0 || w.reason() != palisade.ReasonUnreadable) {
				t.Errorf("%d submissions reached the app, %s", w.posts(), w.reason())
			}

			// The challenge page holds the fields sealed, up to 64 KiB.
			page := w.send("POST", "/signup", urlencoded, typed)
			want := row.status
			switch {
			case want == 200 && len(typed) > 64<<10:
				want = 413
			case want == 200:
				want = 403
			}
			if page.status != want {
				t.Errorf("without a ticket: status %d, want %d", page.status, want)
			}
			if want != 403 {
				return
			}
			v = w.solve(page.body)
			w.wait(20 * time.Second)
			a = w.post("/signup", v, header("Cookie", strings.Split(page.header.Get("Set-Cookie"), ";")[0]))
			if got, _ := w.last(); a.status != 200 || got.body != typed {
				t.Errorf("the page's form: status %d, %s, a body of %d bytes", a.status, w.reason(), len(got.body))
			}
		})
	}
}

func TestMaxFieldsOutOfRange(t *testing.T) {
	guard, err := palisade.New(palisade.Config{Keys: palisade.Keys{Current: key}, Site: "localhost", ClientIP: clientip.RemoteAddr()})
	if err != nil {
		t.Fatal(err)
	}
	for _, most := range []int{-1, 20001} {
		if _, err := guard.Form(palisade.FormConfig{Name: "signup", MaxFields: most}); err == nil {
			t.Errorf("%d is accepted", most)
		}
	}
}
