package web

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

var g08 = &engine.Rule{
	ID: "G08", Title: "The form can be sent from another site", Severity: engine.Low, Fix: origin, Needs: engine.Baseline, After: engine.AfterVerify, Shots: 1,
	Why:  "A page of the attacker's, with a token from the attacker's own session, has its visitors submit your form.",
	Refs: engine.Refs{CWE: 352, ASVS: "3.5.1, 3.5.2", WSTG: "SESS-05"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		return p.MustRefuse(ctx, engine.Attempt{What: "a valid submission with Origin: https://evil.example and Sec-Fetch-Site: cross-site", Valid: true, Change: func(s *engine.Shot) {
			s.Set("Origin", "https://evil.example")
			s.Set("Referer", "https://evil.example/")
			s.Set("Sec-Fetch-Site", "cross-site")
			s.Cookies = nil
		}})
	},
}

var origin = engine.Remedy{Text: "Refuse a POST whose Origin is not yours or whose Sec-Fetch-Site says cross-site, or use your framework's CSRF token.", Code: map[string]string{
	"go":      "http.NewCrossOriginProtection().Handler(mux)",
	"flask":   "CSRFProtect(app)  # of Flask-WTF, and in each form:\n# <input type=\"hidden\" name=\"csrf_token\" value=\"{{ csrf_token() }}\">",
	"django":  "# leave @csrf_exempt away, keep CsrfViewMiddleware, and in each form: {% csrf_token %}",
	"rails":   "protect_from_forgery with: :exception",
	"express": "app.use((req, res, next) => (req.method === \"POST\" && req.get(\"Sec-Fetch-Site\") === \"cross-site\" ? res.sendStatus(403) : next()));",
	"php":     "if (($_SERVER[\"HTTP_SEC_FETCH_SITE\"] ?? \"\") === \"cross-site\") { http_response_code(403); exit; }",
}}
