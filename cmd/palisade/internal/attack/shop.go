package attack

import (
	"net/url"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

// shop sells solved tokens, as solving services do for about a dollar a thousand. Its
// captcha is the offline simulation of hCaptcha: each token is as valid as one that a person
// solved.
type shop struct{ services *captchatest.Server }

const (
	shopSitekey = "demo-sitekey"
	shopSecret  = "demo-secret"
)

func openShop() (*shop, error) {
	s := &shop{services: captchatest.NewServer()}
	s.services.AddSite(captchatest.HCaptcha, shopSitekey, shopSecret)
	return s, nil
}

func (s *shop) close() { s.services.Close() }

// provider is the captcha that the demo under attack uses.
func (s *shop) provider() captcha.Provider {
	return captcha.HCaptcha(shopSitekey, shopSecret, captcha.Endpoint(s.services.VerifyURL(captchatest.HCaptcha)))
}

// put buys a fresh token for the page and adds it to the fields.
func (s *shop) put(fields url.Values, page string) {
	var host string
	if u, err := url.Parse(page); err == nil {
		host = u.Hostname()
	}
	fields.Set("h-captcha-response", s.services.Solve(captchatest.HCaptcha, shopSitekey, captchatest.Solution{Hostname: host}))
}
