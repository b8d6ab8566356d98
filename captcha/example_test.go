package captcha_test

import (
	"fmt"

	"github.com/palisade-dev/palisade/captcha"
)

// Which one to use: docs/providers.md compares them.
func Example() {
	provider := captcha.Turnstile("sitekey", "secret")

	// Two keys, and a score that only Enterprise accounts get:
	// provider := captcha.HCaptcha("sitekey", "secret")

	// Nothing to see, a score for everybody. MaxRisk(0.3) accepts 0.7 and better:
	// provider := captcha.RecaptchaV3("sitekey", "secret", captcha.MaxRisk(0.3))

	// The checkbox, or the invisible badge:
	// provider := captcha.RecaptchaV2("sitekey", "secret")

	fmt.Println(provider.Service().Field, provider.Validate(false))
	// Output: cf-turnstile-response <nil>
}

// A program that offers every service looks it up by its name in a configuration.
func ExampleServices() {
	for _, d := range captcha.Services() {
		if d.Name == "cap" {
			p := d.New(captcha.Settings{Sitekey: "sitekey", Secret: "secret", Address: "https://cap.example.com"})
			fmt.Println(d.Hosted, p.Service().Endpoint, p.Validate(false))
		}
	}
	// Output: true https://cap.example.com/sitekey/siteverify <nil>
}
