package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/service"
	"github.com/palisade-dev/palisade/pow"
)

type m = map[string]any

// visit is a backend's description of a visitor of the shop.
func visit(more m) m {
	said := m{
		"form": "signup", "address": "203.0.113.7", "method": "POST", "url": "https://shop.example/signup?x=1",
		"headers": m{"User-Agent": []string{"Mozilla/5.0 Firefox/153.0"}, "Accept": []string{"text/html"}, "Origin": []string{"https://shop.example"}, "Sec-Fetch-Site": []string{"same-origin"}},
	}
	for name, value := range more {
		said[name] = value
	}
	return said
}

// judged is the answer of /v1/check.
type judged struct {
	ID, Form, Reason, Outcome, Fields string
	Allowed                           bool
	Status                            int
	Claimed                           []string
	Ticket                            *palisade.Offer
	Findings                          []struct{ Layer, Reason string }
	Retry                             float64 `json:"retry_after"`
	Answer                            *struct {
		Status  int
		Headers map[string]string
		Body    string
	}
}

func (s *stand) check(more m) judged {
	s.t.Helper()
	status, body := s.call(shopSecret, "/v1/check", visit(more))
	if status != http.StatusOK {
		s.t.Fatalf("%d %s", status, body)
	}
	var j judged
	if err := json.Unmarshal(body, &j); err != nil {
		s.t.Fatalf("%v in %s", err, body)
	}
	return j
}

var (
	inputs    = regexp.MustCompile(`<input[^>]* name="([^"]*)"[^>]* value="([^"]*)"|<input[^>]* name="([^"]*)"`)
	challenge = regexp.MustCompile(` data-palisade-challenge="([^"]*)"`)
)

// load gets the fields of a page and fills them in as a browser does.
func (s *stand) load(more m) [][2]string {
	s.t.Helper()
	status, body := s.call(shopSecret, "/v1/fields", visit(more))
	var page struct{ HTML string }
	if err := json.Unmarshal(body, &page); err != nil || status != http.StatusOK {
		s.t.Fatalf("%d %v %s", status, err, body)
	}
	return s.fill(page.HTML)
}

func (s *stand) fill(markup string) [][2]string {
	s.t.Helper()
	c := challenge.FindStringSubmatch(markup)
	if c == nil {
		s.t.Fatalf("no challenge in %s", markup)
	}
	proof, err := pow.Solve(context.Background(), []byte(html.UnescapeString(c[1])))
	if err != nil {
		s.t.Fatal(err)
	}
	fields := [][2]string{{"email", "ada@example.org"}}
	for _, input := range inputs.FindAllStringSubmatch(markup, -1) {
		name, value := html.UnescapeString(input[1]+input[3]), html.UnescapeString(input[2])
		if name == palisade.FieldProof {
			value = proof
		}
		fields = append(fields, [2]string{name, value})
	}
	return fields
}

func TestBackendAsksForTheWholeJudgement(t *testing.T) {
	s := newStand(t)
	fields := s.load(m{"nonce": "n0nce"})
	s.wait(20 * time.Second)
	j := s.check(m{"fields": fields})
	if !j.Allowed || j.Outcome != "allow" || j.Status != 200 || len(j.ID) != 8 || j.Form != "signup" {
		t.Fatalf("%+v", j)
	}
	if !slices.Equal(j.Claimed, []string{"address", "headers", "url", "fields"}) {
		t.Errorf("the backend's claims are not marked: %v", j.Claimed)
	}
	fields[0][1] = "eve@example.org"
	if j = s.check(m{"fields": fields}); j.Allowed || j.Reason != "ticket-spent" || j.Status != 403 || j.Ticket == nil {
		t.Errorf("a replay: %+v", j)
	}
}

func TestEverySignalSpeaks(t *testing.T) {
	s := newStand(t)
	with := func(fields [][2]string, change func(name, value string) string) [][2]string {
		changed := slices.Clone(fields)
		for i := range changed {
			changed[i][1] = change(changed[i][0], changed[i][1])
		}
		return changed
	}
	none := func(_, value string) string { return value }
	for name, row := range map[string]struct {
		wait   time.Duration
		more   m
		change func(name, value string) string
		twice  bool
		want   string
	}{
		"in a second": {time.Second, nil, none, false, "suspicious"},
		"all decoys filled": {20 * time.Second, nil, func(name, value string) string {
			if name != "email" && !strings.HasPrefix(name, "palisade-") {
				return "spam"
			}
			return value
		}, false, "suspicious"},
		"from another site": {20 * time.Second, m{"headers": m{"Sec-Fetch-Site": []string{"cross-site"}, "Origin": []string{"https://evil.example"}}}, none, false, "cross-site"},
		"for another form":  {20 * time.Second, m{"form": "login"}, none, false, "ticket-forged"},
		"the ticket twice":  {20 * time.Second, nil, none, true, "ambiguous"},
	} {
		fields := with(s.load(nil), row.change)
		if row.twice {
			fields = append(fields, [2]string{palisade.FieldTicket, "x"})
		}
		s.wait(row.wait)
		more := m{"fields": fields}
		for key, value := range row.more {
			more[key] = value
		}
		if j := s.check(more); j.Allowed || j.Reason != row.want {
			t.Errorf("%s: %+v, want %s", name, j, row.want)
		}
	}
}

func TestLimitsCountTheAddressThatTheBackendNames(t *testing.T) {
	s := newStand(t, func(c *service.Config) {
		c.Sites[0].Forms = []palisade.FormConfig{{Name: "signup", Ask: palisade.Never, Limits: []palisade.Limit{{Rate: 2, Per: time.Hour, By: palisade.ByIP}}}}
	})
	var last judged
	for range 3 {
		fields := s.load(nil)
		s.wait(20 * time.Second)
		last = s.check(m{"fields": fields})
	}
	if last.Allowed || last.Status != 403 || last.Reason != "address-limit" || last.Retry <= 0 || last.Retry > 3600 {
		t.Errorf("the third of an hour: %+v", last)
	}
	fields := s.load(m{"address": "198.51.100.1"})
	s.wait(20 * time.Second)
	if j := s.check(m{"fields": fields, "address": "198.51.100.1"}); !j.Allowed {
		t.Errorf("another client IP: %+v", j)
	}
}

func TestRefusalBringsWhatTheVisitorNeeds(t *testing.T) {
	s := newStand(t)
	j := s.check(m{"nonce": "n0nce", "fields": [][2]string{{"email", "ada@example.org"}, {"password", "hunter2"}}})
	if j.Allowed || j.Outcome != "challenge" || j.Ticket == nil || !strings.Contains(j.Fields, "data-palisade-visible") || !strings.Contains(j.Fields, ` nonce="n0nce"`) {
		t.Fatalf("%+v", j)
	}
	fields := s.fill(j.Fields)
	s.wait(20 * time.Second)
	if j = s.check(m{"fields": fields}); !j.Allowed {
		t.Errorf("the challenge in the form was solved: %+v", j)
	}

	j = s.check(m{"fields": [][2]string{{"email", "ada@example.org"}, {"password", "hunter2"}}, "want": []string{"answer"}})
	if j.Answer == nil || j.Answer.Status != 403 || !strings.HasPrefix(j.Answer.Headers["Content-Type"], "text/html") || j.Answer.Headers["Content-Security-Policy"] == "" {
		t.Fatalf("%+v", j.Answer)
	}
	if n := strings.Count(j.Answer.Body, `<input type="hidden" name="palisade-typed" value="">`); n != 1 || strings.Contains(j.Answer.Body, "hunter2") {
		t.Errorf("%d marks for the typed values, in\n%s", n, j.Answer.Body)
	}

	j = s.check(m{"fields": [][2]string{{"email", "ada@example.org"}}, "files": []string{"photo"}, "want": []string{"answer"}})
	if !strings.Contains(j.Answer.Body, `<input type="file" id="palisade-file-0" name="photo" required>`) || strings.Count(j.Answer.Body, "palisade-typed") != 1 {
		t.Errorf("the page does not ask for the file again:\n%s", j.Answer.Body)
	}

	j = s.check(m{"json": true, "fields": [][2]string{{"email", "ada@example.org"}}, "want": []string{"answer"}, "headers": m{"Accept": []string{"application/json"}}})
	var problem struct{ Challenge *palisade.Offer }
	if err := json.Unmarshal([]byte(j.Answer.Body), &problem); err != nil || problem.Challenge == nil || j.Answer.Headers["Content-Type"] != "application/problem+json" {
		t.Errorf("for a program: %v %+v", err, j.Answer)
	}
}

func TestAppThatFindsSomethingWrongLater(t *testing.T) {
	s := newStand(t, func(c *service.Config) { c.Sites[0].Form.Ask = palisade.Always })
	fields := s.load(nil)
	s.wait(20 * time.Second)
	j := s.check(m{"fields": fields, "want": []string{"retry"}})
	if !j.Allowed || j.Fields == "" || strings.Contains(j.Fields, "data-palisade-visible") {
		t.Fatalf("%+v", j)
	}
	again := s.fill(j.Fields)
	s.wait(20 * time.Second)
	if j = s.check(m{"fields": again}); !j.Allowed {
		t.Errorf("the corrected form: %+v", j)
	}
}

func TestAppThatFindsSomethingWrongFirst(t *testing.T) {
	s := newStand(t)
	fields := s.load(nil)
	_, body := s.call(shopSecret, "/v1/fields", visit(m{"again": m{"fields": fields}}))
	for _, field := range fields[1:] {
		if !bytes.Contains(body, []byte(field[1])) && field[1] != "" {
			t.Errorf("%s is not kept", field[0])
		}
	}
	s.wait(20 * time.Second)
	if j := s.check(m{"fields": fields}); !j.Allowed {
		t.Errorf("%+v", j)
	}
}

func TestCallsThatNobodySigned(t *testing.T) {
	s := newStand(t)
	body, _ := json.Marshal(visit(nil))
	at := fmt.Sprint(s.clock().Unix())
	good := sign(shopSecret, "palisade-v1", "POST", "/v1/check", at, "", string(body))
	for name, row := range map[string]struct {
		key, signature string
		body           string
	}{
		"no signature":                {"shop", "", string(body)},
		"a signature of another site": {"shop", "v1=" + at + "." + sign(forumSecret, "palisade-v1", "POST", "/v1/check", at, "", string(body)), string(body)},
		"the key of another site":     {"forum", "v1=" + at + "." + good, string(body)},
		"an unknown key":              {"nobody", "v1=" + at + "." + good, string(body)},
		"another body":                {"shop", "v1=" + at + "." + good, string(body) + " "},
		"another time":                {"shop", "v1=" + at + "0." + good, string(body)},
		"an hour ago":                 {"shop", "v1=1000." + sign(shopSecret, "palisade-v1", "POST", "/v1/check", "1000", "", string(body)), string(body)},
		"the signature of an answer":  {"shop", "v1=" + at + "." + sign(shopSecret, "palisade-v1-answer", "POST", "/v1/check", at, "", string(body)), string(body)},
		"another version":             {"shop", "v2=" + at + "." + good, string(body)},
		"two mebibytes":               {"shop", "v1=" + at + "." + good, strings.Repeat(" ", 2<<20)},
	} {
		r, _ := http.NewRequest("POST", s.URL+"/v1/check", strings.NewReader(row.body))
		r.Header.Set("Palisade-Key", row.key)
		if row.signature != "" {
			r.Header.Set("Palisade-Signature", row.signature)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != 401 && response.StatusCode != 413 || response.Header.Get("Palisade-Signature") != "" {
			t.Errorf("%s: %s %s", name, response.Status, text)
		}
	}
}

func TestCallsThatMakeNoSense(t *testing.T) {
	s := newStand(t)
	for name, said := range map[string]any{
		"no object":                    []string{},
		"no form":                      visit(m{"form": ""}),
		"a form with spaces":           visit(m{"form": "sign up"}),
		"no address":                   visit(m{"address": ""}),
		"a name instead of an address": visit(m{"address": "localhost"}),
		"a zone":                       visit(m{"address": "fe80::1%eth0"}),
		"a relative url":               visit(m{"url": "/signup"}),
		"another scheme":               visit(m{"url": "file:///etc/passwd"}),
		"no method":                    visit(m{"method": ""}),
		"an unusual method":            visit(m{"method": "PO ST"}),
		"fields with three parts":      visit(m{"fields": []int{1}}),
	} {
		if status, body := s.call(shopSecret, "/v1/check", said); status != 400 || !bytes.Contains(body, []byte(`"detail":"`)) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	var many []int
	for i := range 300 {
		status, _ := s.call(shopSecret, "/v1/fields", visit(m{"form": fmt.Sprintf("f%d", i)}))
		many = append(many, status)
	}
	if many[0] != 200 || many[299] != 400 {
		t.Errorf("names of forms are not bounded: %v", many)
	}
}

func TestAVisitorsWordMakesNoForm(t *testing.T) {
	s := newStand(t)
	s.load(m{}) // the signed call of a page
	for i := range 300 {
		if response, body := s.forward(fmt.Sprintf("/v1/base/ticket?form=z%d", i), "203.0.113.7", "203.0.113.7"); response.StatusCode != 404 {
			t.Fatalf("a form that only a visitor named: %s %s", response.Status, body)
		}
	}
	if status, body := s.call(shopSecret, "/v1/fields", visit(m{"form": "newsletter"})); status != 200 {
		t.Errorf("a form that a backend names, afterwards: %d %s", status, body)
	}
}

// forward sends a request as an app forwards it from its base path.
func (s *stand) forward(path, client, signedFor string) (*http.Response, string) {
	s.t.Helper()
	at := fmt.Sprint(s.clock().Unix())
	r, _ := http.NewRequest("GET", s.URL+path, nil)
	r.Header.Set("Palisade-Key", "shop")
	r.Header.Set("Palisade-Client", client)
	r.Header.Set("Palisade-Signature", "v1="+at+"."+sign(shopSecret, "palisade-v1", "GET", path, at, signedFor, ""))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	return response, string(body)
}

func TestAppForwardsItsBasePath(t *testing.T) {
	s := newStand(t)
	s.load(m{})
	get := s.forward
	if response, body := get("/v1/base/palisade.js", "203.0.113.7", "203.0.113.7"); response.StatusCode != 200 || !strings.Contains(body, "palisade.headers") {
		t.Errorf("the script: %s", response.Status)
	}
	response, body := get("/v1/base/ticket?form=signup", "203.0.113.7", "203.0.113.7")
	var ticket palisade.Offer
	if err := json.Unmarshal([]byte(body), &ticket); err != nil || ticket.Form != "signup" || response.StatusCode != 200 {
		t.Errorf("a ticket: %s %s", response.Status, body)
	}
	if response, _ := get("/v1/base/ticket?form=signup", "203.0.113.8", "203.0.113.7"); response.StatusCode != 401 {
		t.Errorf("for another client than the one that was signed for: %s", response.Status)
	}
	if response, _ := get("/v1/base/ticket?form=signup", "nobody", "nobody"); response.StatusCode != 401 {
		t.Errorf("for no client: %s", response.Status)
	}
}
