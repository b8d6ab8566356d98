// defect: B18
// In JSON, a token that is no string (true, 1, [], {}) is never verified: the type check was put in front when a number as token had crashed the length check, and nobody wrote down what is to happen otherwise.
// written from the catalogue's descriptions alone
'use strict';
const express = require('express');

const { PORT, VERIFY_URL, SITE_KEY, SECRET_KEY, HOSTNAME_EXPECTED = '127.0.0.1' } = process.env;
if (!PORT || !VERIFY_URL || !SITE_KEY || !SECRET_KEY) throw new Error('PORT, VERIFY_URL, SITE_KEY and SECRET_KEY must be set');
const OWN = `127.0.0.1:${PORT}`;
const FIELD = 'cf-turnstile-response';
const LIMIT = 64 * 1024;
const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const claimed = new Set();
const users = new Map();

const escape = (s) => s.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const page = (title, body) => `<!doctype html><html lang="en"><title>${title}</title>${body}</html>`;
const refuse = (res, status) => res.status(status).send(page('Sorry', '<p>That did not work. <a href="/signup">Try again</a>'));
const decode = (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

// JSON.parse takes the last of two equal keys; here a key that occurs twice, in whatever case, is an error.
function parseStrictly(text) {
  const value = JSON.parse(text);
  const open = [];
  for (const [part] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(?:\s*:)?|[[\]{}]/g)) {
    if (part === '{' || part === '[') open.push(new Set());
    else if (part === '}' || part === ']') open.pop();
    else if (part.endsWith(':')) {
      const key = JSON.parse(part.slice(0, -1)).toLowerCase();
      if (open.at(-1).has(key)) throw new Error('a key twice');
      open.at(-1).add(key);
    }
  }
  return value;
}

async function siteverify(token) {
  const res = await fetch(VERIFY_URL, {
    method: 'POST', body: new URLSearchParams({ secret: SECRET_KEY, response: token }),
    redirect: 'manual', signal: AbortSignal.timeout(2500), // for the body, too
  });
  const chunks = [];
  let size = 0;
  for await (const chunk of res.body) { // leaving the loop cancels the rest
    size += chunk.length;
    if (size > LIMIT) throw new Error('answer too long');
    chunks.push(chunk);
  }
  if (res.status !== 200) throw new Error(`status ${res.status}`);
  return parseStrictly(decode(Buffer.concat(chunks)));
}

async function isHuman(token) {
  if (typeof token !== 'string' || !/^[!-~]{1,2048}$/.test(token) || claimed.has(token)) return false;
  claimed.add(token);
  try {
    const answer = await siteverify(token);
    const age = typeof answer.challenge_ts === 'string' ? Date.now() - Date.parse(answer.challenge_ts) : NaN;
    return answer.success === true && answer.hostname === HOSTNAME_EXPECTED && answer.action === 'signup'
      && age >= -30_000 && age <= 300_000;
  } catch (err) { // whatever is odd about the answer: nobody gets in
    console.error('siteverify:', err.message);
    return false;
  }
}

const app = express();
app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing');

app.use((req, res, next) => {
  res.set({
    'Cache-Control': 'no-store', 'X-Frame-Options': 'DENY', 'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; script-src https://challenges.cloudflare.com; frame-src https://challenges.cloudflare.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  });
  const { host, origin, 'content-type': type } = req.headersDistinct;
  if (!host || host.join() !== OWN) return refuse(res, 421);
  if (!['/signup', '/welcome', '/effects'].includes(req.url.split('?')[0])) return refuse(res, 404);
  if (['GET', 'HEAD'].includes(req.method)) return next();
  if (req.method !== 'POST' || !req.url.startsWith('/signup')) return refuse(res, 405);
  if (origin && origin.join() !== `http://${OWN}`) return refuse(res, 403);
  if (!['same-origin', 'none', undefined].includes(req.headers['sec-fetch-site'])) return refuse(res, 403);
  req.mediaType = (type || []).join().replaceAll(' ', '').toLowerCase().replace(/;charset=utf-8$/, '');
  if (![FORM, JSON_TYPE].includes(req.mediaType) || 'content-encoding' in req.headers) return refuse(res, 415);
  next();
});

app.get('/signup', (req, res) => res.send(page('Sign up', `
<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async defer></script>
<form method="post" action="/signup">
<label>Name <input name="username" required></label> <label>E-mail <input name="email" type="email" required></label>
<div class="cf-turnstile" data-sitekey="${escape(SITE_KEY)}" data-action="signup"></div>
<button>Sign up</button></form>`)));

// What was sent: the fields of a form (one that occurs twice is none), or JSON.
function readBody(req) {
  const text = decode(req.body || Buffer.alloc(0));
  if (req.mediaType === JSON_TYPE) return parseStrictly(text);
  const params = new URLSearchParams(text);
  const one = (name) => (params.getAll(name).length === 1 ? params.get(name) : undefined);
  return { username: one('username'), email: one('email'), [FIELD]: one(FIELD) };
}

app.post('/signup', express.raw({ type: () => true, limit: LIMIT, inflate: false }), async (req, res) => {
  if (new URLSearchParams(req.url.split('?')[1]).has(FIELD)) return refuse(res, 403);
  let body;
  try { body = readBody(req); } catch { return refuse(res, 400); }
  const token = body?.[FIELD];
  if (token === undefined || token === null) return refuse(res, 403);
  if (typeof token === 'string' && !(await isHuman(token))) return refuse(res, 403);
  const { username, email } = body;
  if (typeof username !== 'string' || !username || username.length > 64) return refuse(res, 400);
  if (typeof email !== 'string' || !email.includes('@') || email.length > 254) return refuse(res, 400);
  if (!users.has(email.toLowerCase())) users.set(email.toLowerCase(), username);
  res.redirect(303, '/welcome');
});

app.get('/welcome', (req, res) => res.send(page('Welcome', '<p>Thank you. We have sent you an e-mail.')));
app.get('/effects', (req, res) => res.json({ signups: users.size }));
app.use((err, req, res, next) => refuse(res, err.status >= 400 && err.status < 500 ? err.status : 500));
app.listen(Number(PORT), '127.0.0.1');
