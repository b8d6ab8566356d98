// What a sign-up behind Turnstile does right. The apps beside this one each do one thing wrong.
const express = require("express");

const FIELD = "cf-turnstile-response";
const HOST = process.env.HOSTNAME_EXPECTED || "127.0.0.1";
const users = [];
const used = new Set();

const page = (more = "") => `<!doctype html><html lang="en"><title>Sign up</title>
<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async defer></script>
<form method="post" action="/signup">
<label>Name <input name="username"></label> <label>E-mail <input name="email" type="email"></label>
<div class="cf-turnstile" data-sitekey="${process.env.SITE_KEY}" data-action="signup"></div>
<button>Sign up</button>${more}</form></html>`;

// ask returns the verifier's answer, or null.
async function ask(token, timeout = 2000) {
  try {
    const r = await fetch(process.env.VERIFY_URL, {
      method: "POST", redirect: "manual", signal: AbortSignal.timeout(timeout),
      body: new URLSearchParams({ secret: process.env.SECRET_KEY, response: token }),
    });
    if (r.status !== 200) return null;
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of r.body) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > 65536) return null;
    }
    const names = text.match(/"success"\s*:/gi);
    return names && names.length === 1 ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

const good = (a) => a !== null && typeof a === "object" && !Array.isArray(a) && a.success === true && a.hostname === HOST &&
  a.action === "signup" && Date.now() - Date.parse(a.challenge_ts) < 5 * 60 * 1000;

// claim uses a token up. It is false for one that was used.
function claim(token) {
  if (used.has(token)) return false;
  used.add(token);
  return true;
}

const isToken = (t) => typeof t === "string" && t.length >= 1 && t.length <= 2048;

async function human(body) {
  const token = body[FIELD];
  return isToken(token) && claim(token) && good(await ask(token));
}

const refuse = (res) => res.status(403).send("<p>That did not work. Please go back and try again.</p>");

function create(req, res, email) {
  if (typeof email !== "string" || !email.includes("@")) return res.sendStatus(400);
  users.push(email);
  res.redirect(303, "/welcome");
}

// read parses the form, strictly.
const read = [
  (req, res, next) => {
    if (req.headers["content-type"] !== "application/x-www-form-urlencoded" || req.headers["content-encoding"]) return res.sendStatus(415);
    next();
  },
  express.urlencoded({ extended: false, limit: "64kb" }),
];

function newApp() {
  const app = express();
  app.disable("x-powered-by");
  app.set("case sensitive routing", true);
  app.set("strict routing", true);
  app.use((req, res, next) => {
    res.set({ "Cache-Control": "no-store", "X-Frame-Options": "DENY" });
    const origin = req.headers.origin;
    if (/[^\w/.-]/.test(req.url.split("?")[0])) return res.sendStatus(404);
    if ((origin && origin !== `http://${req.headers.host}`) || req.headers["sec-fetch-site"] === "cross-site") return refuse(res);
    next();
  });
  app.get("/welcome", (req, res) => res.send("<h1>Welcome</h1>"));
  app.get("/effects", (req, res) => res.json({ signups: users.length }));
  return app;
}

function serve(app) {
  app.use((err, req, res, next) => res.sendStatus(err.status || 400));
  app.listen(Number(process.env.PORT), "127.0.0.1");
}

module.exports = { FIELD, ask, claim, create, good, human, isToken, newApp, page, read, refuse, serve };
