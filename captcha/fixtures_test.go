package captcha_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

type constructor = func(sitekey, secret string, opts ...captcha.Option) captcha.Provider

// constructors are the constructors of all services, by name. A hosted service has its
// own address.
var constructors = func() map[string]constructor {
	all := map[string]constructor{}
	for _, d := range captcha.Services() {
		all[d.Name] = func(sitekey, secret string, opts ...captcha.Option) captcha.Provider {
			return d.New(captcha.Settings{Sitekey: sitekey, Secret: secret, Address: "https://captcha.example.com/", Project: "project"}, opts...)
		}
	}
	return all
}()

// The configuration for verifying the answers in testdata.
var (
	fixtureNow    = time.Date(2026, 11, 22, 9, 15, 50, 0, time.UTC)
	fixtureExpect = captcha.Expect{Hosts: []string{host}, Action: "login", CData: "sessionid-123456789"}
)

// sheet is testdata/SERVICE.json: the requests and answers of a service, from its
// documents. Missing entries are as with reCAPTCHA's siteverify.
type sheet struct {
	Sent    *sent
	Law     map[string]any // members of every answer that passes; see [FuzzAnswer]
	Told    *told
	Answers map[string]*row

	Situations map[string]string // for the tests of package captchatest
}

// row is an answer with its expected result. Its text is Body, or else the file
// SERVICE.CASE.json. Status, if not 0, is the status of the answer. Hosts, if any,
// replace the hosts of fixtureExpect.
type row struct {
	OK      bool
	Refused captcha.Reason
	Error   string // "misconfigured" or "unavailable"
	Status  int
	Hosts   []string
	Note    string
	Body    json.RawMessage
}

// sent names the places of the values in a call. A name with a colon is a header.
// Empty: the service does not take the value.
type sent struct{ Method, Kind, Secret, Token, Sitekey, Address string }

// told holds a service's answers to bad tokens.
type told struct {
	Again, Foreign, Expired captcha.Reason
	MadeUp                  captcha.Reason `json:"made_up"`
}

// sheets returns all sheets by service, complete, with their bodies. Answers that do not
// belong to one service are in "generic".
func sheets(t testing.TB) map[string]sheet {
	all := map[string]sheet{"generic": readSheet(t, captcha.Descriptor{Service: captcha.Service{Name: "generic"}})}
	for _, d := range captcha.Services() {
		all[d.Name] = readSheet(t, d)
	}
	return all
}

func readSheet(t testing.TB, d captcha.Descriptor) (s sheet) {
	text, err := os.ReadFile("testdata/" + d.Name + ".json")
	if err != nil {
		t.Fatalf("%v: every service of captcha.Services needs a sheet; see testdata/README.md", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		t.Fatalf("testdata/%s.json: %v", d.Name, err)
	}
	if (s.Sent == nil) != (s.Situations == nil) && d.Name != "hcaptcha" { // hCaptcha also takes a sitekey
		t.Fatalf("testdata/%s.json: a service with requests of its own needs sent and situations; see testdata/README.md", d.Name)
	}
	if s.Sent == nil {
		s.Sent = &sent{"POST", "application/x-www-form-urlencoded", "secret", "response", "", "remoteip"}
	}
	if s.Told == nil {
		s.Told = &told{captcha.ReasonSpent, captcha.ReasonRefused, captcha.ReasonSpent, captcha.ReasonRefused}
	}
	if s.Law == nil {
		s.Law = map[string]any{"success": true}
		for member, law := range map[string]struct {
			checked bool
			value   any
		}{"hostname": {d.Hostname, host}, "action": {d.Action, fixtureExpect.Action}, "cdata": {d.CData, fixtureExpect.CData}} {
			if law.checked {
				s.Law[member] = law.value
			}
		}
	}
	for name, row := range s.Answers {
		if row.Body != nil {
			continue
		}
		if row.Body, err = os.ReadFile("testdata/" + d.Name + "." + name + ".json"); err != nil {
			t.Fatalf("testdata/%s.json, %q: the row has no body, and no file has it: %v", d.Name, name, err)
		}
	}
	return s
}

// want returns the expected result of a row in the words of [outcome].
func (r *row) want(t *testing.T) string {
	switch {
	case r.OK && r.Refused == "" && r.Error == "":
		return "ok"
	case !r.OK && r.Refused != "" && r.Error == "":
		return string(r.Refused)
	case !r.OK && r.Refused == "" && r.Error != "":
		return r.Error
	}
	t.Fatalf("the row has not exactly one result: %+v", r)
	return ""
}

func TestEveryFixture(t *testing.T) {
	services := captchatest.NewServer()
	defer services.Close()
	all := sheets(t)
	for service, sheet := range all {
		accepts, refuses := false, false
		for name, row := range sheet.Answers {
			accepts = accepts || row.OK
			refuses = refuses || row.Refused != ""
			if service != "generic" {
				t.Run(service+" "+name, func(t *testing.T) { checkFixture(t, services, service, row) })
				continue
			}
			for service := range constructors {
				t.Run(name+" from "+service, func(t *testing.T) { checkFixture(t, services, service, row) })
			}
		}
		if service != "generic" && (!accepts || !refuses) {
			t.Errorf("testdata/%s.json needs an answer that is accepted and one that is refused", service)
		}
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files { // SERVICE.json, or SERVICE.CASE.json
		service, name, isAnswer := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), ".")
		sheet, known := all[service]
		if !known || isAnswer && sheet.Answers[name] == nil {
			t.Errorf("%s: no service or no row of its sheet uses it", file)
		}
	}
}

func checkFixture(t *testing.T, services *captchatest.Server, service string, row *row) {
	want := row.want(t)
	provider := constructors[service]("sitekey", "secret", captcha.Endpoint(services.VerifyURL(service)))
	expect := fixtureExpect
	if row.Hosts != nil {
		expect.Hosts = row.Hosts
	}
	services.SetClock(func() time.Time { return fixtureNow })
	services.Answer(service, cmp.Or(row.Status, 200), string(row.Body), -1)
	defer services.Clear()
	token := services.Solve(service, "sitekey", captchatest.Solution{})
	result, err := provider.Verify(context.Background(), captcha.Attempt{Token: token, Now: fixtureNow, Expect: expect})
	if got := outcome(result, err); got != want {
		t.Errorf("came to %s, want %s (%+v, %v)", got, want, result, err)
	}
	if calls := len(services.History()); calls != callsFor(service, want) {
		t.Errorf("%d calls", calls)
	}
}

// callsFor returns the highest number of calls to a service: only Turnstile may be called
// again, and only if it gave no answer.
func callsFor(service, outcome string) int {
	if service == captchatest.Turnstile && outcome == "unavailable" {
		return 2
	}
	return 1
}

// outcome returns the result of Verify in one word. It also checks the interface's law: an
// error has one class and comes with the zero Result, and a refusal has its reason.
func outcome(r captcha.Result, err error) string {
	misconfigured, unavailable := errors.Is(err, captcha.ErrMisconfigured), errors.Is(err, captcha.ErrUnavailable)
	switch {
	case err != nil && misconfigured == unavailable:
		return "an error that is not of one class"
	case err != nil && r != captcha.Result{}:
		return "an error with a result"
	case misconfigured:
		return "misconfigured"
	case unavailable:
		return "unavailable"
	case r.OK && r.Reason == "":
		return "ok"
	case r.OK || r.Reason == "":
		return "a result that contradicts itself"
	}
	return string(r.Reason)
}
