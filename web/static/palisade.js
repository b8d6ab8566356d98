// Palisade: the silent proof of a form. Served as it stands; no build step.
//
// For each <div class="palisade" data-palisade-form> in a form it solves the
// proof of work from the first focus on, holds a submit until that is done and
// then sends it as it was meant, and gets a new ticket where the old one was used
// or ran out. Where it cannot, the form goes without a proof, and the server
// answers with a page that keeps what was typed.
//
// No Worker: crypto.subtle has threads of its own, and four guesses at a time are
// no slower than two workers (Chromium 156, 256 guesses of cost 1000: 46 ms to
// 58 ms). So a page needs no worker-src, and Trusted Types do not matter.
//
// For the page's scripts: palisade.prepare(form) does ahead the work that takes time.
// palisade.headers(form) promises the headers of one request, and palisade.answer(problem)
// those that answer a 403's challenge. Each call has a ticket of its own, so requests may
// run side by side. The form's own fields stay as they are: send the fields or the
// headers, not both. The form sees the events palisade:solved and palisade:failed.
// palisade.session(form) has the same three functions for a form that takes sessions: the
// cookie of a session does what headers would.
// palisade.solve(challenge) promises the proof of a challenge that came another way.
//
// Behind guard.js, which stands in the head, the element of a form is not in the page. Its
// fields join the entries of the real submission alone.
(() => {
'use strict';
if (typeof window.palisade?.headers === 'function') return; // each form brings the tag

const script = document.currentScript;
const home = new URL('.', script?.src || new URL(window.palisadeSettings?.base || '/.palisade/', location.origin));
const visible = () => import(new URL('visible.70a23e8d24.js', home));

const CHECKING = {de: 'Wird geprüft …', en: 'Checking…', es: 'Comprobando…', fr: 'Vérification…'};

// The title of a step that has no form to be in, and the button that closes it.
const STEP = {
  de: ['Noch ein Schritt', 'Abbrechen'], en: ['One more step', 'Cancel'],
  es: ['Un paso más', 'Cancelar'], fr: ['Encore une étape', 'Annuler'],
};

// guard.js, where the page has it: it keeps our elements and listens to the page's forms.
const host = window.palisadeSettings?.find ? window.palisadeSettings : null;

// A field called "submit" hides the form's own method.
const {submit, requestSubmit} = host?.native ?? HTMLFormElement.prototype;

const sleep = ms => new Promise(done => setTimeout(done, ms));
const ignore = () => {};

// report.js sees how the form is filled, and says so in counts and flags. Where it does not
// come, the form goes without. A policy that allows scripts by a nonce alone allows no import.
function load(url) {
  const nonce = script?.nonce;
  if (!nonce) return import(url).catch(ignore);
  const tag = document.createElement('script');
  Object.assign(tag, {nonce, src: url});
  document.head.append(tag);
  tag.remove(); // it loads all the same
}

// told is a proof with its report. A page that has changed what it is made of gets none.
function told(proof, form, ticket) {
  try {
    const report = proof && window.palisade?.report?.(form, ticket);
    return report ? proof + '.' + report : proof;
  } catch {
    return proof;
  }
}

const spent = new Set(); // tickets that were sent; a page may show one again
let skew = 0; // ms that the server's clock is ahead: many clocks are hours off

const asked = div => div.querySelector('[data-palisade-execute]');

class Guard { // of one form of the page
  ticket = '';
  proof = '';
  until = 0; // when the ticket runs out, by our clock
  after = 0; // before this the server would find it too new
  sent = 0;  // when a submit was let through
  shown = ''; // the ticket that was sent then

  constructor(name, base, div, owner) {
    Object.assign(this, {name, base, div, owner});
    const attribute = name => div.getAttribute('data-palisade-' + name);
    this.fields = ['ticket', 'proof'].map(name => div.querySelector(`[name=palisade-${name}]`));
    const [ticket, proof] = this.fields.map(field => field.value), challenge = attribute('challenge');
    this.loaded = ticket; // says when the page was loaded, also after it was sent
    // Else going back puts the old page's values into the new one.
    for (const field of this.fields) field.autocomplete = 'off';
    if (ticket && challenge) {
      this.take({ticket, challenge: JSON.parse(challenge), expires: +attribute('expires'), wait: +attribute('wait')});
      this.proof = proof.split('.')[0]; // the form is shown again, and the proof not spent yet
      this.fill();
    }
    if (performance.getEntriesByType('navigation')[0]?.type === 'back_forward') spent.add(ticket);
    this.status = document.createElement('span');
    this.status.setAttribute('role', 'status');
    if (div.isConnected) div.append(this.status);
    this.asks = attribute('visible');
    if (this.asks) visible().then(step => step.show(this, script?.nonce)).catch(ignore);
  }

  get form() { return this.div.closest('form') ?? this.owner; }

  // place is where the page shows something of ours.
  get place() { return this.div.isConnected ? this.div : this.form; }

  take(offer) {
    const now = Date.now(), life = offer.expires - skew - now;
    const {ticket, challenge, captcha, decoys, wait = 0} = offer;
    Object.assign(this, {ticket, challenge, captcha, proof: ''});
    this.until = now + life - Math.min(30e3, life / 10);
    this.after = now + wait;
    if (decoys) this.plant(decoys);
    this.fill();
    this.refresh(this.until - now);
  }

  // What is sent again must be the same to the letter, or it would be another submission.
  fill() {
    this.fields[0].value = this.ticket;
    if (this.shown !== this.ticket || !this.proof) this.fields[1].value = told(this.proof, this.form, this.ticket);
  }

  // plant replaces the fields that people do not see.
  plant(decoys) {
    for (const old of this.div.querySelectorAll('.palisade-aside')) old.remove();
    for (const {name, value = '', label = ''} of decoys) {
      const aside = document.createElement('label'), input = document.createElement('input');
      const never = {autocomplete: 'new-password', 'data-1p-ignore': '', 'data-bwignore': '', 'data-form-type': 'other', 'data-lpignore': 'true', tabindex: -1};
      for (const key in never) input.setAttribute(key, never[key]);
      Object.assign(input, {name, value, readOnly: value !== ''});
      aside.className = 'palisade-aside';
      aside.hidden = true; // also where the stylesheet is not there yet
      aside.setAttribute('aria-hidden', 'true');
      aside.append(label, input);
      this.div.append(aside);
    }
  }

  get stale() { return spent.has(this.ticket) || Date.now() > this.until; }

  get ready() { return this.proof && !this.stale && Date.now() >= this.after && !this.asked; }

  // asked is the field of a provider that has no widget and makes a token when it is
  // asked to (reCAPTCHA v3). Its tokens die soon, so it is asked when the form is sent.
  get asked() { return asked(this.div); }

  // refresh replaces the ticket later, so that it has some age when it is needed.
  refresh(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.touched && this.prepare(), ms);
  }

  // prepare does what a submit would else wait for. What is asked of the visitor
  // is not done before it is asked.
  prepare() {
    this.touched = true;
    if (!this.asks) this.prove().catch(ignore);
    else if (this.stale) this.renew().catch(ignore);
  }

  renew() {
    return this.renewing ??= this.fetch().finally(() => { this.renewing = null; });
  }

  async fetch() {
    const page = window.palisadeSettings?.page; // a form that a script built is as old as its page
    const offer = await fetchTicket(this.base, {form: this.name, ...(page && {page})});
    this.take({decoys: [], ...offer});
    if (!offer.captcha) return;
    host?.show(this.form);
    (await visible()).captcha(this, script?.nonce);
  }

  // prove resolves once there is a proof for a ticket that is good.
  prove() {
    const job = this.job ??= this.work().finally(() => { if (this.job === job) this.job = null; });
    return job;
  }

  async work() {
    try {
      // The old ticket is better than none.
      if (this.stale) await this.renew().catch(error => { if (!this.challenge) throw error; });
      while (!this.proof) {
        const challenge = this.challenge, proof = await solve(challenge);
        if (challenge === this.challenge) this.proof = proof;
      }
      this.fill();
      this.tell('solved');
    } catch (error) {
      this.tell('failed');
      throw error;
    }
  }

  async proven() {
    await this.prove();
    await sleep(this.after - Date.now());
    if (this.asked) await execute(this.asked).catch(ignore); // the server will say what is missing
  }

  // hold keeps a submit back until it may go; of several, the last.
  async hold(submitter) {
    const form = this.form, button = submitter?.type && submitter;
    this.held = {submitter};
    if (!this.status.isConnected) this.announce();
    button?.setAttribute('aria-busy', 'true'); // not the form: it would silence the status in it
    const timer = setTimeout(() => this.say(this.div.dataset.palisadeText || CHECKING[this.language] || CHECKING.en), 400);
    await sleep(0); // a form takes no submit while it is in one
    const proven = this.proven().catch(ignore);
    await (opens(form, button) ? Promise.race([proven, sleep(2000)]) : proven); // else the server asks in that window
    clearTimeout(timer);
    this.say('');
    if (!this.div.contains(this.status)) this.status.remove();
    button?.removeAttribute('aria-busy');
    if (this.held) this.release(form, this.held.submitter);
  }

  release(form, submitter) {
    this.held = null;
    if (submitter === RAW) return this.send(form);
    // A page disables a button when it is clicked. Its name and value count all the same.
    const button = submitter?.form === form ? submitter : null, disabled = button?.disabled;
    this.passing = true;
    try {
      if (disabled) button.disabled = false;
      requestSubmit.call(form, button);
    } finally {
      if (disabled) button.disabled = true;
      this.passing = false;
    }
  }

  // send is for form.submit(). A script may have removed the form by now.
  send(form) {
    this.sent = Date.now();
    this.fill();
    this.shown = this.ticket;
    const gone = !form.isConnected;
    if (gone) form.ownerDocument.body.append(form);
    host?.pass(form);
    submit.call(form);
    if (gone) form.remove();
    this.spend(leaves(form));
  }

  // announce has a place ready in the page, because a screen reader tells of changes alone.
  announce() {
    host?.dress();
    this.say('', true);
    Element.prototype.append.call(this.place, this.status);
  }

  // watch lets a submit through and sees what becomes of it.
  watch(event) {
    this.sent = Date.now();
    this.fill();
    this.shown = this.ticket;
    const {target: form, submitter} = event; // an event forgets a form in a shadow root
    host?.pass(form, event);
    setTimeout(() => {
      if (event.defaultPrevented) this.shown = '';
      if (event.defaultPrevented && !this.div.isConnected) {
        this.sent = 0; // the page's scripts do not have the ticket, and a second click is theirs
        return;
      }
      this.spend(!event.defaultPrevented && leaves(form, submitter));
    });
  }

  // spend notes that the ticket was sent. While the page is being left it stays:
  // the server knows the same submission again for a minute and answers it once.
  spend(leaving) {
    clearTimeout(this.timer);
    if (leaving) this.timer = setTimeout(() => this.spend(), 60e3);
    else {
      spent.add(this.ticket);
      this.refresh(5000); // not at once: the page may be about to read the fields
    }
  }

  // restore follows a return from the back-forward cache.
  restore() {
    spent.add(this.ticket);
    this.proof = '';
    this.job = this.held = null;
    this.sent = 0;
    this.fill();
    this.say('');
    if (this.touched) this.prepare();
  }

  // say tells the visitor something, unseen where it is in sight already.
  say(text, unseen = this.div.hasAttribute('data-palisade-page')) {
    this.status.className = unseen ? 'palisade-unseen' : 'palisade-status';
    this.status.textContent = text;
  }

  get language() { return this.place.closest('[lang]')?.lang.slice(0, 2).toLowerCase(); }

  tell(what) {
    this.place.dispatchEvent(new CustomEvent('palisade:' + what, {bubbles: true, detail: {form: this.name}}));
  }
}

// fetchTicket gets a ticket with its challenge, and sets our clock.
async function fetchTicket(base, query) {
  const answer = await fetch(new URL('ticket?' + new URLSearchParams(query), base), {cache: 'no-store', signal: AbortSignal.timeout?.(15e3)});
  if (!answer.ok) throw new Error('palisade: ticket ' + answer.status);
  skew = Date.parse(answer.headers.get('Date')) - Date.now();
  if (!(Math.abs(skew) > 5000)) skew = 0; // Date has whole seconds
  return answer.json();
}

// Tickets are those of the requests that scripts send to one form: one for each.
class Tickets {
  constructor(name) { this.name = name; }

  // prepare has a ticket and its proof ready for the next request.
  prepare() {
    this.next ??= this.make().catch(() => { this.next = null; });
  }

  // make gets a ticket and makes its proof. The signed word of the page says since when the
  // visitor is there.
  async make() {
    const query = {form: this.name, script: 1}, page = window.palisadeSettings?.page || guardOn(this.name)?.loaded;
    if (page) query.page = page;
    return this.proven(await fetchTicket(home, query));
  }

  async proven({ticket, challenge, captcha, expires, wait = 0}) {
    const after = Date.now() + wait, until = expires - skew - 30e3;
    return {ticket, captcha, after, until, proof: challenge ? await solve(challenge) : ''};
  }

  async headers() {
    const next = this.next;
    this.next = null;
    const ready = await next ?? await this.make();
    setTimeout(() => this.prepare()); // for the next request
    return this.send(ready.until > Date.now() ? ready : await this.make());
  }

  async answer(offer) { return this.send(await this.proven(offer)); }

  // send waits until a ticket is old enough, and returns its headers.
  async send({ticket, proof, captcha, after}) {
    await sleep(after - Date.now());
    const headers = {'Palisade-Ticket': ticket, 'Palisade-Proof': told(proof, null, ticket)};
    if (captcha) headers['Palisade-Captcha'] = await this.token(captcha);
    return headers;
  }

  // token gets a token of a provider's captcha: in the form that the page has for it, or in a
  // dialog where the visitor sees none.
  async token(captcha) {
    const step = await visible(), guard = guardOn(this.name), {nonce} = script ?? {};
    if (captcha.execute) {
      const place = guard ?? (this.place ??= {div: document.createElement('div')});
      step.captcha(Object.assign(place, {captcha}), nonce);
      const field = asked(place.div);
      await execute(field).catch(ignore); // the server will say what is missing
      return field.value;
    }
    if (!guard?.form.checkVisibility?.()) return inDialog(div => step.token({captcha, div, form: div}, nonce));
    guard.captcha = captcha;
    host?.show(guard.form);
    return step.token(guard, nonce);
  }
}

// inDialog shows a step over the page; of several, one after the other. Who closes the dialog
// lets the page see the refusal.
let dialogs = Promise.resolve();
function inDialog(show) {
  const shown = dialogs.then(async () => {
    const make = (name, attributes) => Object.assign(document.createElement(name), attributes);
    const texts = STEP[document.documentElement.lang.slice(0, 2).toLowerCase()] ?? STEP.en;
    const dialog = make('dialog', {className: 'palisade-dialog', ariaLabel: texts[0]}), div = make('div', {tabIndex: -1, autofocus: true});
    const cancel = make('button', {type: 'button', textContent: texts[1], onclick: () => dialog.close()});
    dialog.append(make('p', {textContent: texts[0]}), div, cancel);
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    try {
      return await show(div);
    } finally {
      dialog.close();
    }
  });
  dialogs = shown.catch(ignore);
  return shown;
}

// A session lets a page's requests to one form pass, whatever their bodies are: the browser
// sends its cookie by itself, also with beacons and from workers. What is left of a session
// is known about: all tabs count in one place, and count only what they see.
class Session {
  state = {until: 0, writes: 0};
  opened = 0; // by this page

  constructor(name) {
    Object.assign(this, {name, key: 'palisade-session-' + home.pathname + name});
    this.read();
    this.schedule();
  }

  read() {
    try {
      this.state = JSON.parse(localStorage.getItem(this.key)) ?? this.state;
    } catch {} // a page without storage remembers by itself
  }

  write() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.state));
    } catch {}
  }

  get good() {
    this.read();
    return this.state.writes > 0 && Date.now() < this.state.until;
  }

  // prepare has a session ready for what cannot wait.
  prepare() {
    if (!this.good && !this.blocked) this.open().catch(ignore);
  }

  // headers are those of one request: none where the cookie does it.
  async headers() {
    if (this.blocked || !navigator.cookieEnabled) return ticketsOf(this.name).headers();
    if (!this.good) await this.open();
    this.state.writes--;
    this.write();
    if (this.state.writes < 10) this.open().catch(ignore); // ahead of the last one
    return {};
  }

  // answer does what a refusal asks, for one more try. If the session that was opened just
  // now is not believed, the cookie does not arrive.
  async answer({challenge}) {
    const headers = await ticketsOf(this.name).answer(challenge);
    this.blocked ||= !navigator.cookieEnabled || Date.now() - this.opened < 5000;
    if (this.blocked) return headers;
    await this.open(headers);
    return {};
  }

  open(headers) { return this.opening ??= this.ask(headers).finally(() => { this.opening = null; }); }

  async ask(headers) {
    const tickets = ticketsOf(this.name);
    let answer = await this.post(headers ?? await tickets.send(await tickets.make()));
    if (answer.status === 403) {
      const {challenge} = await answer.json();
      if (challenge) answer = await this.post(await tickets.answer(challenge));
    }
    if (!answer.ok) throw new Error('palisade: session ' + answer.status);
    const {expires, writes} = await answer.json();
    this.state = {until: expires - skew - 30e3, writes};
    this.opened = Date.now();
    this.write();
    this.schedule();
  }

  post(headers) {
    return fetch(new URL('session?form=' + this.name, home), {method: 'POST', headers, signal: AbortSignal.timeout?.(15e3)});
  }

  // schedule replaces the session before it ends, while somebody looks at the page.
  schedule() {
    clearTimeout(this.timer);
    const left = this.state.until - Date.now();
    if (left > 0) this.timer = setTimeout(() => document.hidden || this.open().catch(ignore), left * 0.8);
  }
}

const RAW = {}; // in place of a button: form.submit() was called

// solve looks for the number whose key begins as asked: ALTCHA's protocol, version 2.
async function solve({parameters, signature}) {
  const {algorithm, cost, keyLength = 32, keyPrefix, nonce, salt} = parameters;
  if (algorithm !== 'PBKDF2/SHA-256') throw new Error('palisade: algorithm ' + algorithm);
  const how = {name: 'PBKDF2', hash: 'SHA-256', iterations: cost, salt: bytes(salt)};
  const guess = async counter => {
    const password = new Uint8Array([...bytes(nonce), counter >> 24, counter >> 16, counter >> 8, counter]);
    const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
    return hex(await crypto.subtle.deriveBits(how, key, keyLength * 8));
  };
  const start = performance.now(), time = () => Math.round(performance.now() - start);
  for (let counter = 0; time() < 60e3; counter += 4) {
    const keys = await Promise.all([0, 1, 2, 3].map(i => guess(counter + i)));
    const i = keys.findIndex(key => key.startsWith(keyPrefix));
    if (i >= 0) {
      const solution = {counter: counter + i, derivedKey: keys[i], time: time()};
      return btoa(JSON.stringify({challenge: {parameters, signature}, solution}));
    }
  }
  throw new Error('palisade: too slow');
}

// execute fills a field with a token, once the provider's script is there.
async function execute(field) {
  const {palisadeExecute: path, sitekey, action} = field.dataset;
  const api = () => path.split('.').reduce((object, name) => object?.[name], window);
  field.value = '';
  for (let waited = 0; !api()?.execute && waited < 5000; waited += 100) await sleep(100);
  await new Promise(done => api().ready(done));
  field.value = await api().execute(sitekey, {action});
}

const bytes = text => Uint8Array.from(text.match(/../g), pair => parseInt(pair, 16));
const hex = buffer => Array.from(new Uint8Array(buffer), byte => byte.toString(16).padStart(2, '0')).join('');

const divs = document.getElementsByClassName('palisade');
const guards = new WeakMap(); // by element
const tickets = new Map();    // of scripts, by name of the form
const sessions = new Map();   // the same

function guardAt(div, form) {
  if (!guards.has(div)) {
    guards.set(div, new Guard(div.dataset.palisadeForm, new URL(div.dataset.palisadeBase || home, home), div, form));
  }
  const guard = guards.get(div);
  guard.owner = form ?? guard.owner; // the element may leave its form at any time
  return guard;
}

function guardOf(form, button) {
  if (!form) return null;
  const div = host ? host.find(form, button) : Element.prototype.querySelector.call(form, '.palisade[data-palisade-form]');
  return div && guardAt(div, form);
}

// The parser may stop in the middle of an element of ours, before its fields.
const all = () => [
  ...[...divs].filter(div => div.dataset.palisadeForm && div.closest('form') && div.querySelector('[name=palisade-proof]')).map(div => guardAt(div, div.closest('form'))),
  ...[...document.forms].filter(form => host?.kept.has(form)).map(form => guardOf(form)),
];

const guardOn = name => all().find(guard => guard.name === name);

function ticketsOf(name) {
  if (!tickets.has(name)) tickets.set(name, new Tickets(name));
  return tickets.get(name);
}

function sessionOf(name) {
  if (!sessions.has(name)) sessions.set(name, new Session(name));
  return sessions.get(name);
}

// setting is a form's attribute, or that of the button that overrides it.
const setting = (name, form, button) => (button?.getAttribute('form' + name) ?? form.getAttribute(name))?.toLowerCase();
const dialog = (form, button) => setting('method', form, button) === 'dialog';
const leaves = (form, button) => /^(_self|_top|_parent)?$/.test(setting('target', form, button) ?? '');
// opens reports whether a form may need a window that is not there yet. Browsers open one
// only soon after a click, Chromium within five seconds.
const opens = (form, button) => !leaves(form, button) &&
  ![...document.getElementsByName(button?.getAttribute('formtarget') ?? form.getAttribute('target'))].some(frame => frame.contentWindow);

// Two clicks by hand are one; a script may submit again as soon as it likes.
let byHand = false;
for (const type of ['click', 'keydown', 'keypress']) {
  addEventListener(type, event => {
    byHand ||= event.isTrusted;
    setTimeout(() => { byHand = false; });
  }, true);
}

function submitted(event) {
  const {target: form, submitter} = event, guard = guardOf(form, submitter);
  if (!guard || event.defaultPrevented || dialog(form, submitter)) return;
  const again = byHand && Date.now() - guard.sent < 1000;
  if (guard.passing || guard.ready && !guard.held && !again) return guard.watch(event);
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!again) guard.hold(submitter);
}

function sent(form) { // sends no event
  const guard = guardOf(form);
  if (!guard || dialog(form)) submit.call(form);
  else if (guard.ready && !guard.held) guard.send(form);
  else guard.hold(RAW);
}

const focused = element => guardOf(element?.form || element?.closest?.('form'))?.prepare();

if (host) Object.assign(host, {submitted, sent, focused});
else {
  addEventListener('submit', submitted, true);
  addEventListener('focusin', event => focused(event.target), true);
  HTMLFormElement.prototype.submit = function () { this.isConnected ? sent(this) : submit.call(this); };
}

addEventListener('pageshow', event => {
  if (event.persisted) for (const guard of all()) guard.restore();
});

// Forms of the page, and those that are added to it later.
new MutationObserver(all).observe(document, {childList: true, subtree: true});
all();
focused(document.activeElement); // before we ran

window.palisade = {
  prepare(name) {
    guardOn(name)?.prepare();
    ticketsOf(name).prepare();
  },
  headers: name => ticketsOf(name).headers(),
  answer: ({challenge}) => ticketsOf(challenge.form).answer(challenge),
  session: sessionOf,
  solve,
};

try {
  load(new URL('report.da816b2f4b.js', home));
} catch {} // Trusted Types
})();
