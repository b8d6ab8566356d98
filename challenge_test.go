package palisade_test

import (
	"context"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/clientip"
)

// typeTheWord is a kind of challenge as a program writes it: the visitor types one of some
// words. It needs no JavaScript.
var typeTheWord = challenge.Kind{
	Name: "word", ID: challenge.FirstOwn, Rung: challenge.Costly, Field: "word",
	Issue: func(_ context.Context, a challenge.Ask) (challenge.Prompt, error) {
		word := wordOf(a)
		return challenge.Prompt{
			Data: map[string]string{"type": word},
			HTML: template.HTML(`<label>Type “` + word + `” <input name="word" autocomplete="off"></label>`),
		}, nil
	},
	Check: func(_ context.Context, a challenge.Ask, answer string) (challenge.Result, error) {
		return challenge.Result{OK: strings.EqualFold(answer, wordOf(a)), Reason: "word-wrong"}, nil
	},
}

func wordOf(a challenge.Ask) string {
	words := [...]string{"apple", "bread", "cloud", "drum"}
	return words[a.Seed[0]%byte(len(words))]
}

// withWord returns a site that asks for the word in the place of the visible step.
func withWord(t *testing.T, more ...func(*palisade.Config, *palisade.FormConfig)) *site {
	return newSite(t, append(more, func(c *palisade.Config, _ *palisade.FormConfig) {
		c.Challenges = []challenge.Kind{typeTheWord}
	})...)
}

var wordOn = regexp.MustCompile(`Type “(\w+)”`)

// wordIn returns the word that a page asks for.
func wordIn(t *testing.T, page string) string {
	t.Helper()
	m := wordOn.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page asks for no word:\n%s", page)
	}
	return m[1]
}

func TestAKindOfAProgramsOwnIsAskedAndOpens(t *testing.T) {
	s := withWord(t)
	w := s.post(typed(values{})) // no ticket, as of a bot or without JavaScript
	s.expect(w, 403, palisade.ReasonTicketMissing, 0)
	page := w.Body.String()
	if strings.Contains(page, "<script") || strings.Contains(page, "hidden>Send") {
		t.Errorf("a page that needs no script has one, or hides its button:\n%s", page)
	}
	v := inputsOf(page)
	v.Set("word", wordIn(t, page))
	s.wait(20 * time.Second)
	s.expect(s.post(v), 303, palisade.ReasonClean, 1)
	s.expect(s.post(v), 303, palisade.ReasonDuplicate, 1)
	v.Set("email", "other@example.org")
	s.expect(s.post(v), 403, palisade.ReasonTicketSpent, 1)
}

func TestAWrongAnswerCostsTheTicket(t *testing.T) {
	s := withWord(t)
	first := s.post(typed(values{})).Body.String()
	s.wait(20 * time.Second)
	right := wordIn(t, first)
	v := inputsOf(first)
	v.Set("word", "guess")
	w := s.post(v)
	s.expect(w, 403, "word-wrong", 0)
	v.Set("word", right)
	s.expect(s.post(v), 403, palisade.ReasonTicketSpent, 0)

	page := w.Body.String()
	again := inputsOf(page)
	if again.Get("email") != "ada@example.org" {
		t.Errorf("what was typed is lost: %v", again)
	}
	s.wait(20 * time.Second)
	s.expect(s.post(again), 403, palisade.ReasonUnanswered, 0) // nothing was typed, and nothing is spent
	again.Set("word", strings.ToUpper(wordIn(t, page)))
	s.expect(s.post(again), 303, palisade.ReasonClean, 1)
}

func TestAProgramIsToldTheQuestion(t *testing.T) {
	s := withWord(t)
	asJSON := header("Accept", "application/json")
	w := s.postBody("application/json", `{"email":"ada@example.org"}`, asJSON)
	s.expect(w, 403, palisade.ReasonTicketMissing, 0)
	o := problem(t, w).Challenge
	if o.Kind != "word" || o.Challenge != nil || o.Prompt == nil || o.Prompt.Field != "word" {
		t.Fatalf("offer %+v", o)
	}
	word := o.Prompt.Data.(map[string]any)["type"].(string)
	s.wait(20 * time.Second)
	s.expect(s.postBody("application/json", `{"email":"ada@example.org"}`, asJSON,
		header(palisade.HeaderTicket, o.Ticket), header(palisade.HeaderCaptcha, word)), 303, palisade.ReasonClean, 1)
}

// A check of an app's routes knows the refusal of a guard whose first step needs no work.
func TestARouteThatAsksForTheWordIsGuarded(t *testing.T) {
	s := withWord(t)
	captchatest.AssertGuarded(t, s.handler, []captchatest.Route{{Method: "POST", Path: "/signup"}})
}

// The log says what made a visitor suspicious, also where the next step is a question.
func TestASuspiciousVisitorIsToldFromOneWhoDidNotAnswer(t *testing.T) {
	s := withWord(t)
	w := s.post(typed(s.load())) // quicker than people
	s.expect(w, 403, palisade.ReasonSuspicious, 0)
}

func TestAnAppNeverSeesAnAnswer(t *testing.T) {
	s := withWord(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Transparent = true })
	w := s.post(typed(values{}))
	page := w.Body.String()
	v := inputsOf(page)
	v.Set("word", wordIn(t, page))
	s.wait(20 * time.Second)
	var got string
	s.handler = s.form.Handle(func(_ http.ResponseWriter, r *http.Request, _ palisade.Pass) {
		body, _ := io.ReadAll(r.Body)
		got = string(body)
	})
	kind, body := multipartBody(values{}, "")
	body = strings.TrimSuffix(body, "------stakes--\r\n")
	for _, name := range []string{palisade.FieldCapsule, palisade.FieldTicket, "word"} { // in the order of the page
		body += "------stakes\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + v.Get(name) + "\r\n"
	}
	answer := s.postBody(kind, body+"------stakes--\r\n", header("Cookie", strings.SplitN(w.Header().Get("Set-Cookie"), ";", 2)[0]))
	if want := typed(values{}).Encode(); answer.Code != 200 || got != want {
		t.Errorf("%d %v: the app got %q, want %q", answer.Code, s.last().Reason, got, want)
	}
}

// A page asks everybody where the form says so, and the question is in the page itself.
func TestAPageAsksForTheWord(t *testing.T) {
	s := withWord(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	page := string(s.form.Fields(fromBrowser(httptest.NewRequest("GET", "/signup", nil))))
	v := typed(inputsOf(page))
	v.Set("word", wordIn(t, page))
	if _, asked := v[palisade.FieldProof]; asked || strings.Contains(page, "<script") {
		t.Errorf("the page asks for a proof too:\n%s", page)
	}
	s.wait(20 * time.Second)
	s.expect(s.post(v), 303, palisade.ReasonClean, 1)
}

// A form asks for the kinds that it names.
func TestAFormChoosesAmongTheKindsOfTheSite(t *testing.T) {
	second := typeTheWord
	second.Name, second.ID, second.Field = "other", challenge.FirstOwn+1, "other"
	s := newSite(t, func(c *palisade.Config, _ *palisade.FormConfig) { c.Challenges = []challenge.Kind{typeTheWord, second} })
	for name, test := range map[string]struct {
		chosen []string
		want   string
	}{
		"the first of all where it names none":  {nil, "word"},
		"the first that it names":               {[]string{"other", "word"}, "other"},
		"the one that it names":                 {[]string{"other"}, "other"},
		"the embedded step where it wants none": {[]string{}, "hard-work"},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := s.guard.Form(palisade.FormConfig{Name: strings.ReplaceAll(name, " ", "-")[:16] + test.want[:2], Challenges: test.chosen})
			if err != nil {
				t.Fatal(err)
			}
			r := fromBrowser(httptest.NewRequest("POST", "/", nil))
			if _, o := form.Again(r, form.Check(r), palisade.Page{}); o.Kind != test.want {
				t.Errorf("kind %q, want %q", o.Kind, test.want)
			}
		})
	}
	for _, wrong := range [][]string{{"word", "none"}, {"word", "word"}} {
		if _, err := s.guard.Form(palisade.FormConfig{Name: "x", Challenges: wrong}); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestAKindOutOfReachHasAStandIn(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		down palisade.ProviderDown
		code int
		why  palisade.Reason
	}{
		"the hard work stands in":              {challenge.ErrUnavailable, palisade.StepDown, 403, palisade.ReasonProviderDown},
		"nothing does where the form says so":  {challenge.ErrUnavailable, palisade.Refuse, 503, palisade.ReasonProviderDown},
		"nothing stands in for a mistake here": {errors.New("no key"), palisade.StepDown, 503, palisade.ReasonProviderMisfit},
	} {
		t.Run(name, func(t *testing.T) {
			down := typeTheWord
			down.Check = func(context.Context, challenge.Ask, string) (challenge.Result, error) {
				return challenge.Result{}, test.err
			}
			s := newSite(t, func(c *palisade.Config, f *palisade.FormConfig) {
				c.Challenges, f.ProviderDown = []challenge.Kind{down}, test.down
			})
			page := s.post(typed(values{})).Body.String()
			v := inputsOf(page)
			v.Set("word", wordIn(t, page))
			s.wait(20 * time.Second)
			w := s.post(v)
			s.expect(w, test.code, test.why, 0)
			if test.code != 403 {
				return
			}
			v = s.fill(w.Body.String())
			s.wait(20 * time.Second)
			s.expect(s.post(v), 303, palisade.ReasonClean, 1)
		})
	}
}

func TestMistakesInKindsStopTheStart(t *testing.T) {
	check := func(change func(*challenge.Kind)) error {
		kind := typeTheWord
		change(&kind)
		_, err := palisade.New(palisade.Config{
			Keys: palisade.Keys{Current: key1}, ClientIP: clientip.RemoteAddr(), Site: "example.com", Challenges: []challenge.Kind{kind},
		})
		return err
	}
	for want, change := range map[string]func(*challenge.Kind){
		"FirstOwn":         func(k *challenge.Kind) { k.ID = 1 },
		"Check is missing": func(k *challenge.Kind) { k.Check, k.Issue, k.Field, k.Work = nil, nil, "", challenge.HardWork },
		"neither Check":    func(k *challenge.Kind) { k.Check, k.Issue, k.Field = nil, nil, "" },
		"go together":      func(k *challenge.Kind) { k.Field = "" },
		"Name \"\"":        func(k *challenge.Kind) { k.Name = "" },
		"Field \"a b\"":    func(k *challenge.Kind) { k.Field = "a b" },
		"the highest is":   func(k *challenge.Kind) { k.Rung = challenge.Highest + 1 },
		"Rung must be":     func(k *challenge.Kind) { k.Rung = challenge.Silent },
	} {
		if err := check(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one with %q", err, want)
		}
	}
	if err := check(func(*challenge.Kind) {}); err != nil {
		t.Error(err)
	}
}
