// Palisade: what pages make themselves: requests by fetch and XMLHttpRequest, and
// forms that a script builds. The gateway serves it behind a line that sets
// palisadeSettings: the guarded routes and where the other files are. It goes into
// the head, before any script of the page; no build step.
//
// A request to a guarded route waits for ticket and proof and takes them along in
// headers. Where more is asked for, it is made and the request sent once more; the
// page sees the last answer alone. A form's fields of ours stay out of the page, and
// join what the browser sends. Nothing else is touched.
(() => {
'use strict';
const settings = window.palisadeSettings, tag = document.currentScript, nonce = tag?.nonce;
if (!settings) return;
settings.page = tag?.dataset.palisadePage; // says when the page was loaded
tag?.remove(); // the page's scripts see nothing of ours
if (settings.used) return;
settings.used = true;

const decoded = path => { try { return decodeURIComponent(path); } catch { return path; } };
const escaped = text => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
// A path guards what lies below it, too. Other spellings of a path, which the server
// knows more of, get their ticket with its first answer.
const pattern = (path, exact) => new RegExp('^' + path.replace(/\/$/, '').split('/').map(part => part === '**' ? '.*' : part === '*' ? '[^/]+' : escaped(part)).join('/') + (exact ? '/?$' : '(/.*)?$'), 'i');
const routes = settings.routes.map(([methods, path, form, exact, when]) => ({methods: methods && methods.split(','), path: pattern(path, exact), form, when}));

// A base element may lead to another host.
const own = path => new URL(document.baseURI).origin === location.origin ? path : location.origin + path;
const resolved = url => { try { return new URL(url, document.baseURI); } catch {} };
const equal = (a, b) => String(a).trim().toLowerCase() === String(b).toLowerCase();
// holds looks at a condition on a header or on the query. What a body will hold is
// not known; it is taken to fit. A form sets no headers.
function holds(when, url, header) {
  if (!when) return true;
  const values = when.header ? [header(when.header)].filter(value => value != null) :
    [...new URLSearchParams(url.search.replaceAll(';', '&'))].filter(([name]) => equal(name, when.query)).map(([, value]) => value);
  return values.some(value => !when.in || when.in.some(one => equal(value, one)));
}

// formOf returns the form that guards a request, if one does.
function formOf(method, url, header = () => null) {
  method = String(method || 'GET').toUpperCase();
  if (url?.origin !== location.origin || url.pathname.startsWith(settings.base)) return;
  return routes.find(({methods, path, when}) => path.test(decoded(url.pathname)) && holds(when, url, header) &&
    (methods ? methods.includes(method) : !/^(GET|HEAD|OPTIONS)$/.test(method)))?.form;
}

let loading;
// ready resolves to palisade.js, which is loaded when it is first wanted.
function ready() {
  if (window.palisade) return Promise.resolve(window.palisade);
  return loading ??= (nonce ? element() : module()).then(() => window.palisade);
}

// Trusted Types let no script set the address of a script element, but say nothing about
// import. A policy that allows scripts by a nonce alone allows no import.
const module = () => import(own(settings.script));

const element = () => new Promise((done, fail) => {
  const script = document.createElement('script');
  try {
    script.src = own(settings.script);
  } catch {
    return module().then(done, fail);
  }
  Object.assign(script, {nonce, onload: done, onerror: fail});
  document.head.append(script);
  script.remove(); // it loads all the same
});

// The ticket should have some age by the time the visitor sends something.
for (const type of ['pointerdown', 'keydown']) {
  addEventListener(type, () => {
    for (const form of new Set(routes.map(route => route.form))) {
      if (!hasSession(form)) ready().then(palisade => palisade.prepare(form)).catch(() => {});
    }
  }, {once: true, capture: true});
}

// A session is there before something needs it that cannot wait: a beacon, a worker.
const hasSession = form => settings.sessions?.includes(form);
for (const form of settings.sessions ?? []) ready().then(palisade => palisade.session(form).prepare()).catch(() => {});

// headersFor promises the headers with which a request passes; the cookie of a session may do.
// Without a proof the server says what it wants.
const headersFor = (form, cookies) => ready().then(palisade => cookies && hasSession(form) ? palisade.session(form).headers() : palisade.headers(form))
  .catch(error => {
    const headers = {'Palisade-Ticket': ''};
    if (error?.name === 'AbortError') declined.add(headers);
    return headers;
  });

// declined are the headers of requests whose step the visitor closed. They are not asked again.
const declined = new WeakSet();

// again promises the headers for one more try, after the server said what it wants.
const again = (problem, cookies) => ready().then(palisade =>
  cookies && hasSession(problem.challenge.form) ? palisade.session(problem.challenge.form).answer(problem) : palisade.answer(problem));

const {sendBeacon} = navigator;
navigator.sendBeacon = function (url, data) {
  const form = formOf('POST', resolved(url));
  if (!hasSession(form)) return sendBeacon.apply(this, arguments);
  const session = window.palisade?.session(form), good = session?.good;
  const passing = headersFor(form, true);
  if (good || document.hidden) return sendBeacon.apply(this, arguments); // there is no time to wait
  passing.then(() => sendBeacon.apply(this, arguments));
  return true;
};

const asks = (status, kind) => status === 403 && /^application\/problem\+json/.test(kind || '');

const plain = window.fetch;
window.fetch = async function (input, init) {
  const isRequest = input instanceof Request;
  const form = formOf(init?.method ?? (isRequest ? input.method : 'GET'), resolved(isRequest ? input.url : input),
    name => new Headers(init?.headers ?? (isRequest ? input.headers : undefined)).get(name));
  if (!form || (init?.mode ?? (isRequest ? input.mode : 'cors')) === 'no-cors') return plain.apply(this, arguments);
  const request = new Request(input, init), second = request.clone(), cookies = request.credentials !== 'omit';
  const send = (request, headers) => {
    for (const name in headers) request.headers.set(name, headers[name]);
    return plain(request);
  };
  const headers = await headersFor(form, cookies), answer = await send(request, headers);
  if (declined.has(headers) || !asks(answer.status, answer.headers.get('Content-Type'))) return answer;
  const problem = await answer.clone().json().catch(() => ({}));
  if (!problem.challenge) return answer;
  return again(problem, cookies).then(headers => send(second, headers), () => answer);
};

// In the constructor our listeners come before those of the page.
class Guarded extends XMLHttpRequest {
  #form; #url; #opened; #headers = []; #body; #tries = 0; #gone;

  constructor() {
    super();
    for (const type of ['readystatechange', 'progress', 'load', 'loadend']) {
      super.addEventListener(type, event => this.#see(event));
    }
  }

  open(method, url, async = true, ...rest) {
    this.#form = undefined;
    this.#url = async ? resolved(url) : undefined; // a synchronous one cannot wait
    this.#opened = [method, url, async, ...rest];
    this.#headers = [];
    this.#tries = 0;
    this.#gone = false;
    return super.open(...this.#opened);
  }

  setRequestHeader(name, value) {
    this.#headers.push([name, value]);
    return super.setRequestHeader(name, value);
  }

  abort() {
    this.#gone = true;
    return super.abort();
  }

  send(body) {
    this.#form = formOf(this.#opened?.[0], this.#url, name => this.#header(name));
    if (!this.#form) return super.send(body);
    this.#body = body;
    headersFor(this.#form, true).then(headers => this.#go(headers));
  }

  #header(name) {
    const values = this.#headers.filter(([other]) => equal(other, name)).map(([, value]) => value);
    return values.length ? values.join(', ') : null;
  }

  #go(headers) {
    if (this.#gone) return;
    if (declined.has(headers)) this.#tries++;
    for (const name in headers) super.setRequestHeader(name, headers[name]);
    super.send(this.#body);
  }

  // see keeps an answer that asks for more from the page, and does what it asks.
  #see(event) {
    if (!this.#form || this.#tries || this.readyState < 2 || !/^(text|json)?$/.test(this.responseType) ||
      !asks(this.status, this.getResponseHeader('Content-Type'))) return;
    event.stopImmediatePropagation();
    if (event.type !== 'loadend') return;
    const problem = typeof this.response === 'string' ? JSON.parse(this.response) : this.response;
    this.#tries++;
    if (!problem?.challenge) return this.#tell();
    again(problem, true).then(headers => {
      if (this.#gone) return;
      super.open(...this.#opened);
      for (const [name, value] of this.#headers) super.setRequestHeader(name, value);
      this.#go(headers);
    }, () => this.#tell());
  }

  // tell lets the page see the answer after all.
  #tell() {
    for (const type of ['readystatechange', 'load', 'loadend']) this.dispatchEvent(new ProgressEvent(type));
  }
}
window.XMLHttpRequest = Guarded;

// Forms. The server writes an element of ours into a form, for visitors without scripts.
// It leaves the page before a script of the page runs, and its fields join the real
// submission alone. A form without one gets one when it is needed: a script built it, a
// clone or a snapshot lost it, or a shadow root hid it from the gateway.
const kept = new WeakMap(); // our element by form
const native = {submit: HTMLFormElement.prototype.submit, requestSubmit: HTMLFormElement.prototype.requestSubmit};
const ours = document.getElementsByClassName('palisade');
const late = !!window.palisade; // it was in the page first, and has the forms in its own hands

// complete tells whether the parser is done with an element: something follows it.
function complete(node) {
  if (document.readyState !== 'loading') return true;
  while (node && !node.nextSibling) node = node.parentNode;
  return !!node;
}

// shows tells whether an element has something for the visitor, who must keep it.
const shows = div => div.matches('[data-palisade-visible], [data-palisade-page], [data-palisade-shown]') ||
  [...div.children].some(child => !child.matches('[type=hidden]:not([data-palisade-execute]), .palisade-aside, [role=status]'));

const isTag = element => [settings.style, settings.script].some(path => (element?.getAttribute('href') ?? element?.getAttribute('src'))?.endsWith(path));

// take keeps an element of ours out of the page, and the tags behind it.
function take(div) {
  const form = div.closest('form') ?? div.querySelector('input')?.form; // a table puts it before itself
  const all = [div];
  while (isTag(all.at(-1).nextElementSibling)) all.push(all.at(-1).nextElementSibling);
  if (!form || !complete(all.at(-1)) || shows(div)) return;
  for (const element of all) element.remove();
  kept.set(form, div);
  ready().catch(() => {});
}

const make = (name, attributes) => Object.assign(document.createElement(name), attributes);
const query = (form, selector) => Element.prototype.querySelector.call(form, selector);

// setting is a form's attribute, or that of the button that overrides it.
const setting = (name, form, button) => button?.getAttribute('form' + name) ?? Element.prototype.getAttribute.call(form, name) ?? '';

// find returns our element of a form, or makes it where the form is guarded.
function find(form, button) {
  const div = kept.get(form) ?? query(form, '.palisade[data-palisade-form]');
  if (div || !equal(setting('method', form, button), 'post')) return div;
  const name = formOf('POST', resolved(setting('action', form, button) || location.href));
  if (!name) return null;
  const made = make('div', {className: 'palisade'});
  Object.assign(made.dataset, {palisadeForm: name, palisadeBase: settings.base});
  for (const field of ['palisade-ticket', 'palisade-proof']) made.append(make('input', {type: 'hidden', name: field}));
  if (late) Element.prototype.append.call(form, made);
  else kept.set(form, made);
  ready().catch(() => {});
  return made;
}

// pass lets our fields join the entries that the browser is about to collect. While the
// submit event is on its way, it has a current target, and a FormData is the page's own.
// Its phase does not say so: Firefox collects the entries before it resets the phase.
function pass(form, event) {
  const join = ({formData}) => {
    const div = kept.get(form);
    if (!div || event?.currentTarget || event?.defaultPrevented) return;
    stop();
    for (const {name, value} of div.querySelectorAll('input')) formData.append(name, value);
  };
  const stop = () => EventTarget.prototype.removeEventListener.call(form, 'formdata', join);
  EventTarget.prototype.addEventListener.call(form, 'formdata', join);
  setTimeout(stop);
}

// show puts our element back, because it is about to show something.
function show(form) {
  const div = kept.get(form);
  if (!div) return;
  kept.delete(form);
  div.dataset.palisadeShown = '';
  Element.prototype.append.call(form, div);
}

// dress loads our stylesheet once something of ours is in sight.
function dress() {
  if (document.querySelector(`link[href="${own(settings.style)}"]`)) return;
  document.head.append(make('link', {rel: 'stylesheet', href: own(settings.style), ...(nonce && {nonce})}));
}

// palisade.js takes over as soon as it is there: it sets submitted, sent and focused.
Object.assign(settings, {find, pass, show, dress, native, kept});

// Who is quicker than palisade.js waits for it. Where it does not come, the form goes
// with what the server gave it.
const waiting = new Map(); // what sends a form: a button, null or RAW
const RAW = {};            // form.submit() was called
let lost = false;          // palisade.js did not come

async function wait(form, how) {
  const waits = waiting.has(form);
  waiting.set(form, how);
  if (waits) return;
  await new Promise(done => setTimeout(done)); // a form takes no submit while it is in one
  await ready().catch(() => {});
  lost = !settings.submitted;
  how = waiting.get(form);
  waiting.delete(form);
  if (how === RAW) send(form);
  else native.requestSubmit.call(form, how?.form === form ? how : null);
}

const closes = (form, button) => equal(setting('method', form, button), 'dialog');

function submitted(event) {
  const {target: form, submitter, isTrusted, defaultPrevented} = event;
  if (!isTrusted || defaultPrevented || closes(form, submitter) || !find(form, submitter)) return;
  if (settings.submitted) return settings.submitted(event);
  if (lost) return pass(form, event);
  event.preventDefault();
  event.stopImmediatePropagation();
  wait(form, submitter);
}

function submit() { // sends no event
  if (!this.isConnected || closes(this) || !find(this)) native.submit.call(this);
  else if (settings.sent || lost) send(this);
  else wait(this, RAW);
}

function send(form) {
  if (settings.sent) return settings.sent(form);
  pass(form);
  native.submit.call(form);
}

// attend listens in a window or in a shadow root, which a submit does not leave.
const attended = new WeakSet();
function attend(root) {
  if (attended.has(root)) return;
  attended.add(root);
  root.addEventListener('submit', submitted, true);
  root.addEventListener('focusin', event => settings.focused?.(event.target), true);
}

// visit guards the forms of a window: this one, or that of a frame with srcdoc.
function visit(window) {
  attend(window);
  for (const type of ['focusin', 'click', 'keydown']) {
    window.addEventListener(type, event => event.composedPath().filter(node => node.host && node.mode).forEach(attend), true);
  }
  Object.assign(window.HTMLFormElement.prototype, {submit, requestSubmit(...button) {
    const root = this.getRootNode();
    if (root.host) attend(root);
    return native.requestSubmit.apply(this, button);
  }});
}

document.addEventListener('load', ({target}) => {
  if (target.srcdoc && target.contentDocument) visit(target.contentWindow); // a sandbox may have none
}, true);

// A form that is still being read may get its fields from the gateway yet.
function all() {
  if (!late) [...ours].forEach(take);
  if (document.readyState !== 'loading') for (const form of document.forms) find(form);
}
if (!late) visit(window);
new MutationObserver(all).observe(document, {childList: true, subtree: true});
document.addEventListener('readystatechange', all);
all();
})();
