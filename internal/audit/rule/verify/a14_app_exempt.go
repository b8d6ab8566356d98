package verify

import (
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a14 = &engine.Rule{
	ID: "A14", Title: "Who says that it is the mobile app needs no captcha", Severity: engine.Critical, Fix: fix.NoClaims, Needs: engine.Baseline, Shots: 5,
	Why:   "A User-Agent is a text that anybody can send.",
	Refs:  engine.Refs{CWE: 290, ASVS: "15.3.4"},
	Takes: func(r *http.Request) bool { return strings.Contains(r.UserAgent(), "MyApp/") },
	Check: engine.Refuses(
		engine.Attempt{What: "the User-Agent MyApp/1.0 (iPhone; iOS 18.1)", Change: func(s *engine.Shot) { s.Set("User-Agent", "MyApp/1.0 (iPhone; iOS 18.1) CFNetwork/1568 Mobile") }},
		engine.Attempt{What: "the User-Agent okhttp/4.12.0 of Android apps", Change: func(s *engine.Shot) { s.Set("User-Agent", "okhttp/4.12.0 Android") }},
		engine.Attempt{What: "headers of an app such as X-Requested-With: com.app and X-Client: ios", Change: func(s *engine.Shot) {
			for _, h := range engine.Fields("X-Requested-With", "com.example.app", "X-Client", "ios", "X-Client-Type", "mobile", "X-Platform", "ios", "X-App-Version", "1.0", "X-Mobile-App", "1", "X-Mobile", "1") {
				s.Set(h.Name, h.Value)
			}
		}},
		engine.Attempt{What: "X-Requested-With: XMLHttpRequest and Accept: application/json, as of a script", Change: func(s *engine.Shot) {
			s.Set("X-Requested-With", "XMLHttpRequest")
			s.Set("Accept", "application/json")
		}},
		engine.Attempt{What: "the User-Agent Googlebot/2.1", Change: func(s *engine.Shot) {
			s.Set("User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
		}},
	),
}
