package palisade_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

func TestLimitsAreChecked(t *testing.T) {
	const year = 366 * 24 * time.Hour
	session := func(*http.Request) string { return "7" }
	for _, row := range []struct {
		name  string
		limit palisade.Limit
		want  string // in the error; "" for none
	}{
		{"the least limit is one", palisade.Limit{Rate: 1, Per: 1, By: palisade.ByIP}, ""},
		{"the longest limit is one", palisade.Limit{Rate: 1, Per: year, By: palisade.ByIP}, ""},
		{"longer is none", palisade.Limit{Rate: 1, Per: year + 1, By: palisade.ByIP}, "Per must be at most 366 days"},
		{"no rate is none", palisade.Limit{Per: time.Hour, By: palisade.ByIP}, "Rate and Per must be positive"},
		{"no time is none", palisade.Limit{Rate: 1, By: palisade.ByIP}, "Rate and Per must be positive"},
		{"a burst below nothing is none", palisade.Limit{Rate: 1, Per: time.Hour, Burst: -1, By: palisade.ByIP}, "Burst must not be negative"},
		{"nobody's limit is none", palisade.Limit{Rate: 1, Per: time.Hour}, "By is missing"},
		{"a key of no function is none", palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByKey("user", nil)}, "ByKey needs a function"},
		{"a key of no name is none", palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByKey("", session)}, "By needs a name"},
		{"a field of no name is none", palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByField("")}, "By needs a name"},
		{"a key of a name and a function is one", palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByKey("user", session)}, ""},
		{"a field of a name is one", palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByField("email")}, ""},
		{"the form's is one", palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByForm}, ""},
		{"the network's is one", palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByNetwork}, ""},
	} {
		_, err := newSite(t).guard.Form(palisade.FormConfig{Name: "other", Limits: []palisade.Limit{row.limit}})
		switch {
		case row.want == "" && err != nil:
			t.Errorf("%s: %v", row.name, err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}

func TestLimitsLetThroughWhatTheySay(t *testing.T) {
	for _, row := range []struct {
		name  string
		limit palisade.Limit
		burst int
		every time.Duration // until one is back
		over  int
		why   palisade.Reason
	}{
		{"without a burst the rate is the burst", palisade.Limit{Rate: 4, Per: time.Hour, By: palisade.ByIP}, 4, 15 * time.Minute, 403, palisade.ReasonAddressLimit},
		{"a burst is a burst", palisade.Limit{Rate: 4, Per: time.Hour, Burst: 2, By: palisade.ByIP}, 2, 15 * time.Minute, 403, palisade.ReasonAddressLimit},
		{"a key has its own", palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByKey("one", func(*http.Request) string { return "one" })}, 1, time.Hour, 429, palisade.ReasonOverLimit},
		{"a network has its own", palisade.Limit{Rate: 3, Per: time.Hour, By: palisade.ByNetwork}, 3, 20 * time.Minute, 403, palisade.ReasonNetworkLimit},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := limited(t, row.limit)
			send := func(status int, why palisade.Reason, effects int) {
				t.Helper()
				v := typed(s.load())
				s.wait(3 * time.Second) // in all too little for one to come back
				s.expect(s.post(v), status, why, int64(effects))
			}
			start := s.clock()
			for i := range row.burst {
				send(303, palisade.ReasonClean, i+1)
			}
			send(row.over, row.why, row.burst)
			s.wait(start.Add(row.every).Sub(s.clock()) - time.Millisecond) // and send waits as long as at first
			send(row.over, row.why, row.burst)
			s.wait(time.Millisecond)
			send(303, palisade.ReasonClean, row.burst+1)
		})
	}
}

func TestWhoseAttemptsCountTogether(t *testing.T) {
	user := func(name string) func(*http.Request) { return header("X-User", name) }
	byUser := palisade.ByKey("user", func(r *http.Request) string { return r.Header.Get("X-User") })
	email := func(text string) func(values) { return func(v values) { v.Set("email", text) } }
	same := func(values) {}
	for _, row := range []struct {
		name     string
		by       palisade.By
		change   func(*http.Request) // of the second attempt
		tamper   func(values)
		together bool
	}{
		{"one network, two addresses", palisade.ByNetwork, from("203.0.113.200:1"), same, true},
		{"two networks", palisade.ByNetwork, from("203.0.114.7:1"), same, false},
		{"two addresses", palisade.ByIP, from("203.0.113.200:1"), same, false},
		{"one address, two ports", palisade.ByIP, from("203.0.113.7:1"), same, true},
		{"one form, two addresses", palisade.ByForm, from("198.51.100.1:1"), same, true},
		{"one user, two addresses", byUser, func(r *http.Request) { user("ada")(r); from("198.51.100.1:1")(r) }, same, true},
		{"two users", byUser, user("grace"), same, false},
		{"nobody, who is not limited", byUser, user(""), same, false},
		{"one mailbox in two spellings", palisade.ByField("email"), user("ada"), email("ADA+shop@Example.org"), true},
		{"two mailboxes", palisade.ByField("email"), user("ada"), email("grace@example.org"), false},
		{"no mailbox, which is not limited", palisade.ByField("email"), user("ada"), email(""), false},
		{"one name in two spellings", palisade.ByField("username"), user("ada"), func(v values) { v.Set("username", " ADA ") }, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := limited(t, palisade.Limit{Rate: 1, Per: time.Hour, By: row.by})
			first, second := typed(s.load()), typed(s.load(row.change))
			row.tamper(second)
			s.wait(20 * time.Second)
			s.expect(s.post(first, user("ada")), 303, palisade.ReasonClean, 1)
			w := s.post(second, row.change)
			if refused := w.Code != 303; refused != row.together {
				t.Errorf("refused: %v, want %v; status %d, %q", refused, row.together, w.Code, s.last().Reason)
			}
			if over := s.last().Reason; row.together && over != palisade.ReasonOverLimit && over != palisade.ReasonAddressLimit && over != palisade.ReasonTargetLimit && over != palisade.ReasonNetworkLimit {
				t.Errorf("because %q", over)
			}
		})
	}
}

func TestByPrintsWhatItCountsBy(t *testing.T) {
	for want, by := range map[string]palisade.By{
		"ip": palisade.ByIP, "network": palisade.ByNetwork, "form": palisade.ByForm, "nothing": {},
		"field:email": palisade.ByField("email"), "key:user": palisade.ByKey("user", nil),
	} {
		if got := fmt.Sprint(by); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLimitsInWords(t *testing.T) {
	for _, row := range []struct {
		limit palisade.Limit
		want  string
	}{
		{palisade.Limit{Rate: 3, Per: 10 * time.Minute, By: palisade.ByIP}, "3 in 10m by ip"},
		{palisade.Limit{Rate: 3, Per: 2 * time.Hour, Burst: 3, By: palisade.ByNetwork}, "3 in 2h by network"},
		{palisade.Limit{Rate: 3, Per: 90 * time.Minute, Burst: 5, By: palisade.ByForm}, "3 in 1h30m by form, 5 at once"},
		{palisade.Limit{Rate: 3, Per: 30 * time.Second, Burst: 1, By: palisade.ByField("email")}, "3 in 30s by field:email, 1 at once"},
		{palisade.Limit{Rate: 3, Per: 70 * time.Second, By: palisade.ByKey("user", nil)}, "3 in 1m10s by key:user"},
		{palisade.Limit{Rate: 3, Per: time.Second}, "3 in 1s by nothing"},
	} {
		if got := row.limit.String(); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
	}
}

func TestWhoeverHasNoKeyIsNotLimited(t *testing.T) {
	for _, row := range []struct {
		name string
		by   palisade.By
	}{
		{"no session", palisade.ByKey("session", func(*http.Request) string { return "" })},
		{"no field", palisade.ByField("phone")},
	} {
		s := limited(t, palisade.Limit{Rate: 1, Per: time.Hour, By: row.by})
		for i := range 3 {
			v := typed(s.load())
			s.wait(5 * time.Second)
			s.expect(s.post(v), 303, palisade.ReasonClean, int64(i+1))
		}
	}
}

func TestALimitOfAFormIsOfThatFormAlone(t *testing.T) {
	limit := palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByForm}
	s := limited(t, limit)
	other, err := s.guard.Form(palisade.FormConfig{Name: "other", Limits: []palisade.Limit{limit}})
	if err != nil {
		t.Fatal(err)
	}
	one := s.handler
	for i, handler := range []http.Handler{one, other.Handle(s.accept)} {
		s.handler = handler
		form := s.form
		if i == 1 {
			form = other
		}
		v := typed(s.fill(string(form.Fields(fromBrowser(httptest.NewRequest("GET", "/signup", nil))))))
		s.wait(5 * time.Second)
		s.expect(s.post(v), 303, palisade.ReasonClean, int64(i+1))
	}
	s.handler = one
	v := typed(s.load())
	s.wait(5 * time.Second)
	s.expect(s.post(v), 403, palisade.ReasonTargetLimit, 2)
}
