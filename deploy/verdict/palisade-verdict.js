// Checks that a request came through the Palisade gateway. For Node 18.17 and newer.
// Copy this file; it needs nothing else. In Express, or anything like Connect:
//
//   const palisade = require('./palisade-verdict');
//   const form = express.urlencoded({extended: false, inflate: false, verify: palisade.keep});
//   app.post('/signup', form, palisade.requireVerdict(process.env.PALISADE_VERDICT_KEY, 'signup'), signup);
//
// The signature is over the bytes of the body. A parser leaves none of them, so give
// each one `keep`, which keeps them in req.rawBody, and `inflate: false`, as what was
// compressed was signed compressed. Where no parser came before, requireVerdict reads
// the body into req.rawBody itself; multer and the like cannot come after it then.
//
// In mode `session` the gateway has passed the body on unread, as it may be endless. The
// signature does not bind it, requireVerdict does not read it, and req.rawBody is not
// set. An app that needs the body bound refuses where req.palisade.mode is 'session'.
'use strict';
const crypto = require('crypto');

const NAMES = ['form', 'id', 'mode', 'sig', 'site', 't', 'v'];
const JUDGED = ['enforce', 'exempt', 'session'];
const LIMIT = 32 << 20;

// verify returns the verdict, {site, form, id, mode, t}, or null. Keys are a line of
// `palisade verdict-key` or its hexadecimal part, or an array of the current one and the
// one before. `lines` are all lines of the header, `target` is the path as the client
// wrote it, `body` a Buffer, which is not needed where isUnread(lines). With `watched`,
// what was only watched is taken too.
function verify(lines, keys, {form, method, host, target, body, watched = false, now = Date.now() / 1000}) {
  const known = [keys].flat().map(keyOf);
  const v = parse(lines);
  if (!v || v.get('form') !== form || !watched && !JUDGED.includes(v.get('mode'))) return null;
  const digest = v.get('mode') === 'session' ? '-' : body && crypto.createHash('sha256').update(body).digest('hex');
  if (!digest) return null; // a body that cannot be had
  if (!/^[0-9]{1,15}$/.test(v.get('t')) || !(Math.abs(now - Number(v.get('t'))) <= 30)) return null;
  const signed = Buffer.concat([
    'palisade-verdict/1', v.get('site'), form, host, method, pathOf(target),
    digest, v.get('t'), v.get('id'), v.get('mode'),
  ].flatMap((line) => [Buffer.from(line, 'latin1'), Buffer.from('\n')])); // Node hands bytes over as latin1
  const held = known.map((key) => same(crypto.createHmac('sha256', key).update(signed).digest('base64url'), v.get('sig')));
  if (!held.includes(true)) return null;
  return {site: v.get('site'), form, id: v.get('id'), mode: v.get('mode'), t: Number(v.get('t'))};
}

// isUnread reports whether the verdict says that nobody has read the body, nor has to.
function isUnread(lines) {
  return parse(lines)?.get('mode') === 'session';
}

function parse(lines) {
  // Node joins two headers with a comma, which no verdict holds.
  if (lines.length !== 1 || lines[0].length > 1024 || !/^[!-+\--~]+(; [!-+\--~]+){6}$/.test(lines[0])) return null;
  const v = new Map(lines[0].split('; ').map((pair) => /^([^=]*)=?(.*)$/.exec(pair).slice(1)));
  return [...v.keys()].sort().join() === NAMES.join() && v.get('v') === '1' ? v : null;
}

// A key that is not set must not become the empty key, with which anybody can sign.
function keyOf(text) {
  const match = /^\s*(?:\S+\s+)?([0-9a-f]{64})\s*$/i.exec(String(text));
  if (!match) throw new Error('the key is a line of what `palisade verdict-key` prints');
  return Buffer.from(match[1], 'hex');
}

// The path as it is signed, a character a byte, as decodeURIComponent would refuse what
// is no UTF-8: escapes decoded once, or as it stands when one is broken.
function pathOf(target) {
  const path = target.replace(/^[^/?]*:\/\/[^/?]*/, '').split('?')[0] || '/';
  if (/%(?![0-9a-f]{2})/i.test(path)) return path;
  return path.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

function same(a, b) {
  return a.length === b.length && crypto.timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function keep(req, res, body) {
  req.rawBody = body;
}

async function bodyOf(req) {
  if (req.rawBody !== undefined) return req.rawBody;
  // It was read and not kept, and would look empty: the verdict of an empty one must not do.
  if (req.readableDidRead) throw new Error('a parser came before; give it palisade.keep');
  const pieces = [];
  let size = 0;
  for await (const piece of req) {
    if ((size += piece.length) > LIMIT) throw new Error('too long');
    pieces.push(piece);
  }
  return (req.rawBody = Buffer.concat(pieces));
}

// requireVerdict answers 403 to what did not come through the gateway. The app finds the
// verdict in req.palisade.
function requireVerdict(keys, form, options = {}) {
  [keys].flat().forEach(keyOf); // a missing key is told at the start
  return async (req, res, next) => {
    const lines = req.headersDistinct['palisade-verdict'] ?? []; // names are in lower case
    // Express changes req.url where routers are mounted, method-override req.method. Both keep what was sent.
    const request = {form, method: req.originalMethod ?? req.method, host: req.headers.host ?? '', target: req.originalUrl ?? req.url};
    const body = isUnread(lines) ? null : await bodyOf(req).catch(() => null);
    req.palisade = verify(lines, keys, {...options, ...request, body});
    if (req.palisade) return next();
    res.statusCode = 403;
    res.end('Forbidden\n');
  };
}

module.exports = {verify, isUnread, requireVerdict, keep};
