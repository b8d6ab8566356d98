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

var constructors = map[string]constructor{
	captchatest.RecaptchaV2:         captcha.RecaptchaV2,
	captchatest.RecaptchaV3:         captcha.RecaptchaV3,
	captchatest.HCaptcha:            captcha.HCaptcha,
	captchatest.Turnstile:           captcha.Turnstile,
	captchatest.FriendlyV1:          captcha.FriendlyV1,
	captchatest.FriendlyV2:          captcha.FriendlyV2,
	captchatest.PrivateCaptcha:      captcha.PrivateCaptcha,
	captchatest.Yandex:              captcha.Yandex,
	captchatest.GeeTest:             captcha.GeeTest,
	captchatest.MTCaptcha:           captcha.MTCaptcha,
	captchatest.Prosopo:             captcha.Prosopo,
	captchatest.Sentinel:            hosted(captcha.Sentinel),
	captchatest.Cap:                 hosted(captcha.Cap),
	captchatest.MCaptcha:            hosted(captcha.MCaptcha),
	captchatest.RecaptchaEnterprise: inProject,
}

// hosted is a service at an address of its own.
func hosted(make func(address, sitekey, secret string, opts ...captcha.Option) captcha.Provider) constructor {
	return func(sitekey, secret string, opts ...captcha.Option) captcha.Provider {
		return make("https://captcha.example.com/", sitekey, secret, opts...)
	}
}

func inProject(sitekey, secret string, opts ...captcha.Option) captcha.Provider {
	return captcha.RecaptchaEnterprise(sitekey, "project", secret, opts...)
}

// outcomes is testdata/outcomes.json: what each answer must come to for a token
// that is expected to be bound to Expect. Status, if not 200, is what it comes with;
// Hosts, if any, take the place of those of Expect.
type outcomes struct {
	Now     time.Time
	Expect  captcha.Expect
	Answers map[string]struct {
		OK      bool
		Refused captcha.Reason
		Error   string // "misconfigured" or "unavailable"
		Status  int
		Hosts   []string
		Note    string
	}
}

func readOutcomes(t testing.TB) outcomes {
	text, err := os.ReadFile("testdata/outcomes.json")
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var table outcomes
	if err := decoder.Decode(&table); err != nil {
		t.Fatal(err)
	}
	return table
}

// want is a row in the words of [outcome].
func (o outcomes) want(t *testing.T, file string) string {
	row, found := o.Answers[file]
	switch {
	case !found:
		t.Fatalf("%s: say in testdata/outcomes.json what it must come to", file)
	case row.OK && row.Refused == "" && row.Error == "":
		return "ok"
	case !row.OK && row.Refused != "" && row.Error == "":
		return string(row.Refused)
	case !row.OK && row.Refused == "" && row.Error != "":
		return row.Error
	}
	t.Fatalf("%s: its row says not one thing: %+v", file, row)
	return ""
}

// fixtures returns the names of the answers in testdata.
func fixtures(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*.*.json") // service.case.json
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures in testdata", err)
	}
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	return files
}

func TestEveryFixture(t *testing.T) {
	table := readOutcomes(t)
	files := fixtures(t)
	services := captchatest.NewServer()
	defer services.Close()
	accepts, refuses := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		service, _, _ := strings.Cut(file, ".")
		accepts[service] = accepts[service] || table.Answers[file].OK
		refuses[service] = refuses[service] || table.Answers[file].Refused != ""
		if service != "generic" {
			t.Run(file, func(t *testing.T) { checkFixture(t, services, service, file, table) })
			continue
		}
		for service := range constructors {
			t.Run(file+" from "+service, func(t *testing.T) { checkFixture(t, services, service, file, table) })
		}
	}
	for service := range constructors {
		if !accepts[service] || !refuses[service] {
			t.Errorf("%[1]s needs an answer that is accepted and one that is refused: add testdata/%[1]s.success.json and the like", service)
		}
	}
	if len(files) != len(table.Answers) {
		t.Errorf("%d files and %d outcomes: a file is gone", len(files), len(table.Answers))
	}
}

func checkFixture(t *testing.T, services *captchatest.Server, service, file string, table outcomes) {
	want := table.want(t, file)
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	provider := constructors[service]("sitekey", "secret", captcha.Endpoint(services.VerifyURL(service)))
	row, expect := table.Answers[file], table.Expect
	if row.Hosts != nil {
		expect.Hosts = row.Hosts
	}
	services.SetClock(func() time.Time { return table.Now })
	services.Answer(service, cmp.Or(row.Status, 200), string(body), -1)
	defer services.Clear()
	token := services.Solve(service, "sitekey", captchatest.Solution{})
	result, err := provider.Verify(context.Background(), captcha.Attempt{Token: token, Now: table.Now, Expect: expect})
	if got := outcome(result, err); got != want {
		t.Errorf("came to %s, want %s (%+v, %v)", got, want, result, err)
	}
	if calls := len(services.History()); calls != callsFor(service, want) {
		t.Errorf("%d calls", calls)
	}
}

// callsFor says how often a service may be asked: only Turnstile, and only when
// it had no answer, may be asked again.
func callsFor(service, outcome string) int {
	if service == captchatest.Turnstile && outcome == "unavailable" {
		return 2
	}
	return 1
}

// outcome is what Verify returned, in one word. It holds the seam's law: an error
// has one class and comes with the zero Result, and a refusal has its reason.
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
