// Package fix has the advice that several rules of the audit give. Advice of one rule alone
// is in the file of the rule.
package fix

import (
	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// CheckOnServer is the advice to verify the token on the server.
var CheckOnServer = engine.Remedy{
	Text: "Verify the token on the server, in the handler itself and before anything else happens: ask the service with your secret, and go on only when its answer says success.",
	Code: map[string]string{
		"django": `def clean(self):
    token = self.data.get("cf-turnstile-response", "")
    answer = requests.post(VERIFY_URL, timeout=5, allow_redirects=False,
                           data={"secret": settings.CAPTCHA_SECRET, "response": token}).json()
    if answer.get("success") is not True:
        raise forms.ValidationError("Please confirm once more that you are human.")
    return super().clean()`,
		"flask": `@app.post("/signup")
def signup():
    token = request.form.get("cf-turnstile-response", "")
    answer = requests.post(VERIFY_URL, timeout=5, allow_redirects=False,
                           data={"secret": SECRET, "response": token}).json()
    if answer.get("success") is not True:
        abort(403)
    return create(request.form)`,
		"go": `guard, err := palisade.New(palisade.Config{Keys: keys, ClientIP: clientip.RemoteAddr(), Site: "example.com", Captcha: captcha.Turnstile(sitekey, secret)})
if err != nil {
	log.Fatal(err)
}
signup, err := guard.Form(palisade.FormConfig{Name: "signup"})
if err != nil {
	log.Fatal(err)
}
mux.Handle("/.palisade/", guard.Handler())
mux.Handle("POST /signup", signup.Protect(create)) // create runs for allowed attempts only`,
		"rails": `def create
  return head(:forbidden) unless verify_turnstile(params["cf-turnstile-response"])
  # create, from here on
end

def verify_turnstile(token)
  res = Net::HTTP.post_form(URI(VERIFY_URL), secret: SECRET, response: token.to_s)
  res.is_a?(Net::HTTPOK) && JSON.parse(res.body)["success"] == true
rescue StandardError
  false
end`,
		"express": `app.post("/signup", async (req, res) => {
  const token = req.body["cf-turnstile-response"];
  const answer = await fetch(VERIFY_URL, { method: "POST", redirect: "error", signal: AbortSignal.timeout(5000),
    body: new URLSearchParams({ secret: SECRET, response: String(token ?? "") }) }).then((r) => r.json()).catch(() => ({}));
  if (answer.success !== true) return res.sendStatus(403);
  await create(req.body);
});`,
		"php": `$context = stream_context_create(["http" => ["method" => "POST", "timeout" => 5, "follow_location" => 0,
  "header" => "Content-Type: application/x-www-form-urlencoded",
  "content" => http_build_query(["secret" => $secret, "response" => $_POST["cf-turnstile-response"] ?? ""])]]);
$answer = json_decode((string) @file_get_contents($verifyUrl, false, $context), true);
if (($answer["success"] ?? null) !== true) { http_response_code(403); exit; }`,
	},
}

// HeedAnswer is the advice to act on the answer of the verifier.
var HeedAnswer = engine.Remedy{
	Text: "Read the verdict and act on it: the answer must be JSON with success exactly true (and, where there is a score, one that is high enough). Everything else is a no, whatever its status.",
	Code: map[string]string{
		"django":  "if answer.get(\"success\") is not True or answer.get(\"score\", 1) < 0.5:\n    raise PermissionDenied",
		"flask":   "if answer.get(\"success\") is not True or answer.get(\"score\", 1) < 0.5:\n    abort(403)",
		"go":      "// encoding/json matches names in any case and takes the last of two: let a strict reader judge.\nexpect := captcha.Expect{Hosts: []string{\"example.com\"}, Action: \"signup\"}\nresult, err := captcha.Turnstile(sitekey, secret).Verify(ctx, captcha.Attempt{Token: token, Now: time.Now(), Expect: expect})\nif err != nil || !result.OK {\n\thttp.Error(w, \"Forbidden\", http.StatusForbidden)\n\treturn\n}",
		"rails":   "head(:forbidden) and return unless answer[\"success\"] == true",
		"express": "if (answer.success !== true) return res.sendStatus(403);",
		"php":     "if (($answer[\"success\"] ?? null) !== true) { http_response_code(403); exit; }",
	},
}

// EveryWay is the advice to check on every way to the effect.
var EveryWay = engine.Remedy{
	Text: "Put the check where the effect is, so that every way to it goes through the check: the form, the API, every method, every host. Answer 405 to methods that you do not use.",
	Code: map[string]string{
		"django":  "@require_POST\n@captcha_required  # on the view that creates, and on its API twin\ndef signup(request): ...",
		"flask":   "def create_user(data, token):   # the one place that creates\n    if not verify(token):\n        abort(403)\n    ...\n\n@app.post(\"/signup\")\ndef form(): return create_user(request.form, request.form.get(FIELD))\n\n@app.post(\"/api/signup\")\ndef api(): return create_user(request.json, request.json.get(FIELD))",
		"go":      "create := signup.Protect(createUser)\nmux.Handle(\"POST /signup\", create)\nmux.Handle(\"POST /api/signup\", create)",
		"rails":   "class ApplicationController\n  before_action :require_captcha, only: %i[create update]  # also in Api:: controllers\nend",
		"express": "app.post([\"/signup\", \"/api/signup\"], requireCaptcha, createUser);",
		"php":     "if ($_SERVER[\"REQUEST_METHOD\"] !== \"POST\") { http_response_code(405); exit; }\nrequire \"require-captcha.php\"; // first line of every script that creates",
	},
}

// StrictToken is the advice to accept exactly one short text as a token.
var StrictToken = engine.Remedy{
	Text: "Take the token only as what it is: one text of at most 2048 characters. Refuse anything else before you ask, and let a library put the request to the verifier together.",
	Code: map[string]string{
		"django":  "tokens = request.POST.getlist(FIELD)\nif len(tokens) != 1 or not 1 <= len(tokens[0]) <= 2048:\n    raise PermissionDenied",
		"flask":   "tokens = request.form.getlist(FIELD)\nif len(tokens) != 1 or not 1 <= len(tokens[0]) <= 2048:\n    abort(403)",
		"go":      "tokens := r.PostForm[field]\nif len(tokens) != 1 || tokens[0] == \"\" || len(tokens[0]) > 2048 {\n\thttp.Error(w, \"Forbidden\", http.StatusForbidden)\n\treturn\n}",
		"rails":   "token = params[FIELD]\nhead(:forbidden) and return unless token.is_a?(String) && (1..2048).cover?(token.size)",
		"express": "if (typeof token !== \"string\" || token.length < 1 || token.length > 2048) return res.sendStatus(403);",
		"php":     "$token = $_POST[$field] ?? null;\nif (!is_string($token) || $token === \"\" || strlen($token) > 2048) { http_response_code(403); exit; }",
	},
}

// Once is the advice to remember used tokens.
var Once = engine.Remedy{
	Text: "Remember each token until it would have expired, in a store that all instances share, and claim it in one atomic step before the effect. Do not keep the verdict for later requests.",
	Code: map[string]string{
		"django":  "digest = hashlib.sha256(token.encode()).hexdigest()\nif not cache.add(\"captcha:\" + digest, 1, timeout=600):  # add is atomic; use Redis, not local memory\n    raise PermissionDenied",
		"flask":   "digest = hashlib.sha256(token.encode()).hexdigest()\nif not redis.set(\"captcha:\" + digest, 1, nx=True, ex=600):\n    abort(403)",
		"go":      "// The guard does this for every captcha and under any concurrency: Protect is enough.\nmux.Handle(\"POST /signup\", signup.Protect(create))",
		"rails":   "digest = Digest::SHA256.hexdigest(token)\nhead(:forbidden) and return unless REDIS.set(\"captcha:#{digest}\", 1, nx: true, ex: 600)",
		"express": "const fresh = await redis.set(\"captcha:\" + sha256(token), 1, { NX: true, EX: 600 });\nif (!fresh) return res.sendStatus(403);",
		"php":     "if (!$redis->set(\"captcha:\" . hash(\"sha256\", $token), 1, [\"nx\", \"ex\" => 600])) { http_response_code(403); exit; }",
	},
}

// Bind is the advice to compare host, action and age of a token.
var Bind = engine.Remedy{
	Text: "Compare what the service tells of the token with what you expect: your hostname, an age of a few minutes, and the form's action where the service has actions (Turnstile, reCAPTCHA v3; not hCaptcha, not reCAPTCHA v2). hCaptcha is sent your sitekey along with the token. A member that is missing is a no.",
	Code: map[string]string{
		"django":  "made = parse_datetime(str(answer.get(\"challenge_ts\")))\nif answer.get(\"hostname\") != settings.SITE_HOST or not made or timezone.now() - made > timedelta(minutes=5):\n    raise PermissionDenied\nif answer.get(\"action\") != \"signup\":  # Turnstile and reCAPTCHA v3 alone\n    raise PermissionDenied",
		"flask":   "try:\n    age = datetime.now(timezone.utc) - datetime.fromisoformat(answer[\"challenge_ts\"])\nexcept (KeyError, TypeError, ValueError):\n    abort(403)\nif answer.get(\"hostname\") != \"example.com\" or age > timedelta(minutes=5):\n    abort(403)\nif answer.get(\"action\") != \"signup\":  # Turnstile and reCAPTCHA v3 alone\n    abort(403)",
		"go":      "// The guard compares the hostname with Site, the action with the form's name, and the age.\nguard, err := palisade.New(palisade.Config{Keys: keys, ClientIP: clientip.RemoteAddr(), Site: \"example.com\", Captcha: captcha.Turnstile(sitekey, secret)})",
		"rails":   "ok = answer[\"hostname\"] == \"example.com\" && Time.iso8601(answer[\"challenge_ts\"]) > 5.minutes.ago\nok &&= answer[\"action\"] == \"signup\"  # Turnstile and reCAPTCHA v3 alone",
		"express": "const age = Date.now() - Date.parse(answer.challenge_ts); // NaN when it is missing\nif (answer.hostname !== \"example.com\" || !(age < 300_000)) return res.sendStatus(403);\nif (answer.action !== \"signup\") return res.sendStatus(403); // Turnstile and reCAPTCHA v3 alone",
		"php":     "$made = strtotime($answer[\"challenge_ts\"] ?? \"\");\nif (($answer[\"hostname\"] ?? \"\") !== \"example.com\" || !$made || time() - $made > 300) { http_response_code(403); exit; }\nif (($answer[\"action\"] ?? \"\") !== \"signup\") { http_response_code(403); exit; } // Turnstile and reCAPTCHA v3 alone",
	},
}

// FailClosed is the advice to refuse while the verifier fails.
var FailClosed = engine.Remedy{
	Text: "Give the call of the verifier a time limit for the whole of it, do not follow redirects, read at most some kilobytes, and take every error for a no that people can repeat (503 and Retry-After).",
	Code: map[string]string{
		"django":  "try:\n    with requests.post(VERIFY_URL, data=data, timeout=3, allow_redirects=False, stream=True) as r:\n        body = r.raw.read(65536, decode_content=True)  # and no more\n    answer = json.loads(body) if r.status_code == 200 else {}\n    ok = isinstance(answer, dict) and answer.get(\"success\") is True\nexcept (requests.RequestException, urllib3.exceptions.HTTPError, ValueError):\n    ok = False",
		"flask":   "try:\n    with requests.post(VERIFY_URL, data=data, timeout=3, allow_redirects=False, stream=True) as r:\n        body = r.raw.read(65536, decode_content=True)  # and no more\n    answer = json.loads(body) if r.status_code == 200 else {}\n    ok = isinstance(answer, dict) and answer.get(\"success\") is True\nexcept (requests.RequestException, urllib3.exceptions.HTTPError, ValueError):\n    ok = False",
		"go":      "client := &http.Client{Timeout: 3 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}\nresp, err := client.Do(request)\nif err != nil {\n\thttp.Error(w, \"Please try again later\", http.StatusServiceUnavailable)\n\treturn\n}\ndefer resp.Body.Close()\nbody, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))",
		"rails":   "def verified?(uri, form)\n  res = Net::HTTP.start(uri.host, uri.port, use_ssl: true, open_timeout: 2, read_timeout: 3) { |http| http.post(uri.path, form) }\n  res.is_a?(Net::HTTPOK) && JSON.parse(res.body)[\"success\"] == true\nrescue StandardError\n  false\nend",
		"express": "const r = await fetch(VERIFY_URL, { method: \"POST\", body, redirect: \"error\", signal: AbortSignal.timeout(3000) }).catch(() => null);\nif (!r?.ok) return res.sendStatus(503);\nlet size = 0, text = \"\";\nfor await (const chunk of r.body.pipeThrough(new TextDecoderStream())) {\n  if ((size += chunk.length) > 65536) return res.sendStatus(503);\n  text += chunk;\n}",
		"php":     "curl_setopt_array($ch, [CURLOPT_TIMEOUT => 3, CURLOPT_FOLLOWLOCATION => false, CURLOPT_MAXFILESIZE => 65536]);\nif (curl_getinfo($ch, CURLINFO_HTTP_CODE) !== 200) { http_response_code(503); exit; }",
	},
}

// NoClaims is the advice to trust no header of a client.
var NoClaims = engine.Remedy{
	Text: "What a client sends is a claim. Take the address from the connection, or from a header only when the connection comes from a proxy that you named; give nobody a pass for a header, and have your proxy drop those that it sets itself.",
	Code: map[string]string{
		"django":  "ip = request.META[\"REMOTE_ADDR\"]  # behind one proxy: django-xforwardedfor-middleware or the proxy's own setting",
		"flask":   "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # only behind exactly one proxy; else request.remote_addr as it is",
		"go":      "config.ClientIP = clientip.Proxies(\"10.0.0.0/8\") // or clientip.RemoteAddr() without a proxy",
		"rails":   "config.action_dispatch.trusted_proxies = [IPAddr.new(\"10.0.0.0/8\")]",
		"express": "app.set(\"trust proxy\", \"10.0.0.0/8\"); // never true",
		"php":     "$ip = $_SERVER[\"REMOTE_ADDR\"]; // not HTTP_X_FORWARDED_FOR, HTTP_CLIENT_IP and the like",
	},
}

// OneParser is the advice to read a request once.
var OneParser = engine.Remedy{
	Text: "Read the request once, with one parser, for the check and for the handler. Take one content type, refuse the others with 415, bodies over your limit with 413, and a token that is in the URL or there twice.",
	Code: map[string]string{
		"django":  "if request.content_type != \"application/x-www-form-urlencoded\":\n    return HttpResponse(status=415)\ntoken = request.POST.getlist(FIELD)  # not request.GET, not request.body",
		"flask":   "app.config[\"MAX_CONTENT_LENGTH\"] = 64 * 1024\nif request.mimetype != \"application/x-www-form-urlencoded\":\n    abort(415)\ntokens = request.form.getlist(FIELD)  # not request.values",
		"go":      "r.Body = http.MaxBytesReader(w, r.Body, 64<<10)\nif err := r.ParseForm(); err != nil {\n\thttp.Error(w, \"Bad Request\", http.StatusBadRequest)\n\treturn\n}\ntokens := r.PostForm[field] // not r.FormValue, which reads the URL too",
		"rails":   "head(:unsupported_media_type) and return unless request.form_data?\ntoken = request.request_parameters[FIELD]  # not params",
		"express": "app.post(\"/signup\", express.urlencoded({ extended: false, limit: \"64kb\" }), (req, res) => {\n  if (!req.is(\"application/x-www-form-urlencoded\")) return res.sendStatus(415);\n  const token = req.body[FIELD]; // not req.query, not req.params\n  create(req, res, token);\n});",
		"php":     "if (strtok($_SERVER[\"CONTENT_TYPE\"] ?? \"\", \";\") !== \"application/x-www-form-urlencoded\") { http_response_code(415); exit; }\n$token = $_POST[$field] ?? null; // not $_REQUEST",
	},
}

// OnRoute is the advice to put the check on the route.
var OnRoute = engine.Remedy{
	Text: "Hang the check on the route or the view, not on a comparison of paths before it: then the router that finds the handler also finds the check. In a proxy, refuse paths that are not in their plain spelling.",
	Code: map[string]string{
		"django":  "path(\"signup/\", captcha_required(views.signup))",
		"flask":   "@app.post(\"/signup\")\n@captcha_required\ndef signup(): ...",
		"go":      "mux.Handle(\"POST /signup\", signup.Protect(create)) // not: if r.URL.Path == \"/signup\"",
		"rails":   "before_action :require_captcha, only: :create",
		"express": "app.post(\"/signup\", requireCaptcha, create); // not: if (req.path === \"/signup\")",
		"php":     "require \"require-captcha.php\"; // in the script that creates",
	},
}

// Clearance is the advice to bind the clearance that a solved captcha gives.
var Clearance = engine.Remedy{Text: "Ask for a token each time. If a solved captcha is to last, bind it to the visitor's session and network, and give it a budget: a few uses within a few minutes."}

// NoBackDoor is the advice to remove switches and keys for tests.
var NoBackDoor = engine.Remedy{Text: "Take switches and tokens for tests out of what is deployed: have the tests bring their own verifier (palisade fake, package captchatest), and refuse to start with a public test key outside of tests."}

// Traps is the advice to build honeypots that catch only programs.
var Traps = engine.Remedy{Text: "Give the trap a name of this site's own, hide it with a style sheet, mark it with autocomplete=\"off\", tabindex=\"-1\" and aria-hidden, refuse whoever fills it in, and count who leaves it out."}

// SignedTime is the advice to sign the load time.
var SignedTime = engine.Remedy{
	Text: "Sign the time at which the page was made (with an HMAC over time, form and a nonce), check signature and age on the server, and keep nothing in the session that a second tab overwrites.",
	Code: map[string]string{
		"django": "stamp = signing.dumps(\"signup\", salt=\"form\")            # into the page\nsigning.loads(stamp, salt=\"form\", max_age=3600)         # and its age: TimestampSigner().unsign(stamp)",
		"flask":  "stamp = URLSafeTimedSerializer(SECRET).dumps(\"signup\")\nvalue, made = URLSafeTimedSerializer(SECRET).loads(stamp, max_age=3600, return_timestamp=True)",
		"go":     "signup.Fields(r) // writes a signed ticket into the page; Protect measures its age",
	},
}

// SameAnswer is the advice to answer all refusals alike.
var SameAnswer = engine.Remedy{Text: "Check the captcha before you look anything up, and answer every refusal with one text: what happened goes into your log. Turn debug pages off.", Code: map[string]string{
	"django":  "DEBUG = False",
	"flask":   "app.run(debug=False)  # or without FLASK_DEBUG; serve with gunicorn",
	"express": "// NODE_ENV=production, and as the last handler:\napp.use((err, req, res, next) => { console.error(err); res.status(400).send(\"That did not work. Please try again.\"); });",
	"rails":   "config.consider_all_requests_local = false",
	"php":     "ini_set(\"display_errors\", \"0\");",
}}

// Secrets is the advice to replace a secret that others know.
var Secrets = engine.Remedy{Text: "Change the secret now: whoever has read it keeps it. Take it from the environment or a secret store, and serve nothing of the folder in which your settings are."}

// Headers is the advice to send the headers that protect a page.
var Headers = engine.Remedy{Text: "Send Content-Security-Policy with frame-ancestors 'self' and a script-src that names the widget's host or a nonce of its own for each answer; allow other origins by name, and none with credentials unless you must."}
