package purpose_test

import (
	"testing"

	"github.com/palisade-dev/palisade/internal/purpose"
)

func TestTries(t *testing.T) {
	for name, want := range map[string]bool{
		"login": true, "/accounts/login/": true, "user-login": true, "userlogin": true, "log-in": true, "Sign_In": true, "/users/sign_in": true, "session": true, "/sessions": true,
		"/password/reset": true, "forgot-password": true, "recovery": true, "checkout": true, "/cart/pay": true, "/order": true, "gift-card": true, "/2fa": true,
		"/auth": true, "/api/auth": true, "/oauth/token": true, "/coupon": true, "/wp-login.php": true, "/anmelden": true, "/connexion": true, "/auth/verify": true,
		"signup": false, "sign-up": false, "contact": false, "comments": false, "vote": false, "payload": false, "author": false, "border": false, "api": false, "": false, "/": false,
		"/auth/register": false, "/auth/signup": false, "/auth/v1/sign-up": false, "/auth/comments": false, "passwordless-signup": false, "register-or-login": false, "/verify/signup": false,
		"slot-pick": false, "spot-post": false, "foot-print": false, "save-preset": false, "/orders/7/notes": false, "/session/feedback": false, "/login/register": false,
	} {
		if got := purpose.Tries(name); got != want {
			t.Errorf("Tries(%q) = %v", name, got)
		}
	}
}
