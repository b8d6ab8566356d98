package server

import (
	"testing"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
)

// Every service that captchatest simulates has a provider, with the same name.
func TestEveryServiceCanBeAsked(t *testing.T) {
	for _, name := range captchatest.Services() {
		provider := vendor(&config.Captcha{Service: name, Sitekey: "k", Secret: "s", Project: "p", Address: "https://captcha.example", MinScore: 0.5})
		if got := provider.Service().Name; got != name {
			t.Errorf("%s is built as %s", name, got)
		}
		if err := provider.Validate(false); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked, stoodIn := len(captcha.Services()), len(captchatest.Services()); asked != stoodIn {
		t.Errorf("captcha has %d services, and captchatest simulates %d", asked, stoodIn)
	}
}
