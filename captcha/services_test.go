package captcha_test

import (
	"testing"

	"github.com/palisade-dev/palisade/captcha"
)

func TestServicesAreOfTheirNamesAndNeedWhatTheySay(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range captcha.Services() {
		if d.Name == "" || seen[d.Name] {
			t.Errorf("%q is there twice, or has no name", d.Name)
		}
		seen[d.Name] = true
		all := captcha.Settings{Sitekey: "k", Secret: "s", Address: "https://captcha.example", Project: "p"}
		if p := d.New(all); p.Service().Name != d.Name || p.Sitekey() != "k" || p.Validate(false) != nil {
			t.Errorf("%s: made as %v: %v", d.Name, p, p.Validate(false))
		}
		for name, row := range map[string]struct {
			needed  bool
			without captcha.Settings
		}{
			"sitekey": {true, captcha.Settings{Secret: "s", Address: all.Address, Project: "p"}},
			"secret":  {true, captcha.Settings{Sitekey: "k", Address: all.Address, Project: "p"}},
			"address": {d.Hosted, captcha.Settings{Sitekey: "k", Secret: "s", Project: "p"}},
			"project": {d.Project, captcha.Settings{Sitekey: "k", Secret: "s", Address: all.Address}},
		} {
			if refused := d.New(row.without).Validate(false) != nil; refused != row.needed {
				t.Errorf("%s without %s: refused %v, want %v", d.Name, name, refused, row.needed)
			}
		}
		if err := d.New(all, captcha.MaxRisk(0.5)).Validate(false); (err == nil) != d.Score {
			t.Errorf("%s with MaxRisk: %v, and Score is %v", d.Name, err, d.Score)
		}
	}
}

func TestServicesIsACopy(t *testing.T) {
	captcha.Services()[0].Name = "changed"
	if captcha.Services()[0].Name == "changed" {
		t.Error("a caller changed the list for all")
	}
}
