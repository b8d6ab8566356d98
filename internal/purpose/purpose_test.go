package purpose_test

import (
	"testing"

	"github.com/palisade-dev/palisade/internal/purpose"
)

func TestTries(t *testing.T) {
	for name, want := range map[string]bool{
		"login": true, "/accounts/login/": true, "user-login": true, "log-in": true, "Sign_In": true, "/users/sign_in": true, "session": true, "/sessions": true,
		"/password/reset": true, "forgot-password": true, "recovery": true, "checkout": true, "/cart/pay": true, "order": true, "gift-card": true, "/2fa": true,
		"signup": false, "sign-up": false, "contact": false, "comments": false, "vote": false, "payload": false, "author": false, "border": false, "api": false, "": false,
	} {
		if got := purpose.Tries(name); got != want {
			t.Errorf("Tries(%q) = %v", name, got)
		}
	}
}
