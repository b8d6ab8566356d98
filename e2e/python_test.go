package e2e_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// The package's own tests, against its simulation of the service.
func TestPythonPackage(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string][]string{
		"pytest": {"-m", "pytest", "-q", "-p", "no:cacheprovider"},
		"mypy":   {"-m", "mypy", "--no-incremental", "--cache-dir=/dev/null"},
	} {
		cmd := exec.Command(apps.Python("python"), arguments...)
		cmd.Dir = filepath.Join("..", "python")
		cmd.Env = append(cmd.Environ(), "PYTHONDONTWRITEBYTECODE=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\nIs everything installed? Run scripts/tools.sh", name, err, out)
		}
	}
}

// packaged starts the service, and an example that uses the package, under a host name of
// its own for browsers. Forms are YAML, for the site.
func packaged(t *testing.T, example, app, forms string) (a *apps.App, visit string) {
	t.Helper()
	port := apps.FreePort(t)
	host := strings.TrimPrefix(visited("http://127.0.0.1:"+port), "http://")
	service := verification(t, "    - {key: shop-1, SECRET, hosts: [\""+host+"\"]"+forms+"}\n")
	return apps.Packaged(t, example, app, port, "PALISADE_URL="+service, "PALISADE_SECRET="+serviceSecret), "http://" + host
}

func TestDjangoFormAsksTheService(t *testing.T) {
	t.Parallel()
	app, visit := packaged(t, "django-package", "shop.wsgi", ", forms: [{name: signup, captcha: always}]")
	b := blank(t)
	b.goTo(visit + "/signup/")
	b.fill(map[string]string{"username": "ada", "password1": "correct horse 7", "password2": "something else"})
	b.stepShown()
	b.click(checkbox)
	b.until("seen.events.includes('palisade:verified')")
	b.click("#send")
	// A mistake in another field does not lose the step that the person took.
	b.until("document.querySelector('.errorlist')")
	if eval[bool](b, "!!document.querySelector('altcha-widget')") {
		t.Error("a typing mistake causes a second challenge")
	}
	b.fill(map[string]string{"password1": "correct horse 7", "password2": "correct horse 7"})
	b.click("#send")
	b.arrives("/")
	if n := app.Effects()["signup"]; n != 1 {
		t.Errorf("%d members", n)
	}
}

func TestDjangoViewAsksTheService(t *testing.T) {
	t.Parallel()
	app, visit := packaged(t, "django-package", "shop.wsgi", "")
	b := blank(t)
	b.goTo(visit + "/")
	b.click("#vote")
	b.until("document.querySelector('#thanks')")
	if n := app.Effects()["vote"]; n != 1 {
		t.Errorf("%d votes", n)
	}

	// Without our script the service's page appears, keeps the typed values, and sends them.
	b = blank(t)
	b.withoutScript(visit + "/")
	b.click("input[value=no]")
	b.click("#vote")
	b.until("document.querySelector('#palisade-again')")
	if kept := eval[string](b, "document.querySelector('[name=choice]').value"); kept != "no" {
		t.Errorf("the page keeps the choice %q", kept)
	}
	b.confirm()
	b.until("document.querySelector('#thanks')")
	if n := app.Effects()["vote"]; n != 2 {
		t.Errorf("%d votes", n)
	}
}

func TestFlaskAsksTheService(t *testing.T) {
	t.Parallel()
	app, visit := packaged(t, "flask-package", "app:app", "")
	b := blank(t)
	b.goTo(visit + "/contact")
	b.click("[name=message]")
	b.keys("Hello")
	b.click("#send")
	b.arrives("/thanks")

	b.goTo(visit + "/subscribe")
	b.fill(map[string]string{"email": "ada@example.org", "name": "A"}) // too short
	b.click("#send")
	b.until("document.querySelector('.error')")
	b.fill(map[string]string{"name": "Ada"})
	b.click("#send")
	b.arrives("/thanks")
	if did := app.Effects(); did["contact"] != 1 || did["subscribe"] != 1 {
		t.Errorf("effects %v", did)
	}
}

func TestBotsDoNotGetPastThePackage(t *testing.T) {
	t.Parallel()
	for example, module := range map[string]string{"django-package": "shop.wsgi", "flask-package": "app:app"} {
		app, visit := packaged(t, example, module, "")
		for _, path := range []string{"/vote/", "/VOTE/", "/vote", "//vote/", "/%76ote/", "/signup/", "/contact", "/contact/", "/subscribe", "/Contact"} {
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
				for kind, body := range map[string]string{
					"application/x-www-form-urlencoded": "choice=yes&message=x&email=a%40b.c&name=Ada&username=a&password1=correct+horse+7&password2=correct+horse+7",
					"application/json":                  `{"choice":"yes","message":"x","email":"a@b.c"}`,
				} {
					r, err := http.NewRequest(method, app.URL+path, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					r.Host = strings.TrimPrefix(visit, "http://")
					r.Header.Set("Content-Type", kind)
					answer, err := http.DefaultTransport.RoundTrip(r)
					if err != nil {
						t.Fatal(err)
					}
					answer.Body.Close()
				}
			}
		}
		for what, n := range app.Effects() {
			if n != 0 {
				t.Errorf("%s: %d times %s", example, n, what)
			}
		}
	}
}

func TestThePackagesPagesLookRightAndAreAccessible(t *testing.T) {
	_, shop := packaged(t, "django-package", "shop.wsgi", ", forms: [{name: signup, captcha: always}]")
	_, club := packaged(t, "flask-package", "app:app", "")
	lookAt(t, shop+"/signup/", "package-django", func(b *tab) { b.stepShown() })
	lookAt(t, club+"/subscribe", "package-flask", func(b *tab) {})
}
