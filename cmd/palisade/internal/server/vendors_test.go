package server

import (
	"testing"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
)

// Every service that can be stood in for can be asked, and is the one of its name.
func TestEveryServiceCanBeAsked(t *testing.T) {
	for _, name := range captchatest.Services() {
		build := vendors[name]
		if build == nil {
			t.Errorf("a configuration cannot ask %s", name)
			continue
		}
		provider := build(&config.Captcha{Service: name, Sitekey: "k", Project: "p", Address: "https://captcha.example", MinScore: 0.5}, "s", nil)
		if got := provider.Service().Name; got != name {
			t.Errorf("%s is built as %s", name, got)
		}
	}
	if len(vendors) != len(captchatest.Services()) {
		t.Errorf("%d services can be asked, and %d stood in for", len(vendors), len(captchatest.Services()))
	}
}
