// Palisade: what pages make themselves: requests by fetch and XMLHttpRequest, and
// forms that a script builds. The gateway serves it behind a line that sets
// palisadeSettings: the guarded routes and where the other files are. It goes into
// the head, before any script of the page; no build step.
//
// A request to a guarded route waits for ticket and proof and takes them along in
// headers. Where more is asked for, it is made and the request sent once more; the
// page sees the last answer alone. A form that goes to one gets the fields that
// palisade.js works on. Nothing else is touched.
(() => {
'use strict';
const settings = window.palisadeSettings, nonce = document.currentScript?.nonce;
if (!settings || settings.used) return;
settings.used = true;
settings.page = document.currentScript?.dataset.palisadePage; // says when the page was loaded

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
  if (url?.origin !== location.origin) return;
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
});

// The ticket should have some age by the time the visitor sends something.
for (const type of ['pointerdown', 'keydown']) {
  addEventListener(type, () => {
    for (const form of new Set(routes.map(route => route.form))) {
      ready().then(palisade => palisade.prepare(form)).catch(() => {});
    }
  }, {once: true, capture: true});
}

const asks = (status, kind) => status === 403 && /^application\/problem\+json/.test(kind || '');

const plain = window.fetch;
window.fetch = async function (input, init) {
  const isRequest = input instanceof Request;
  const form = formOf(init?.method ?? (isRequest ? input.method : 'GET'), resolved(isRequest ? input.url : input),
    name => new Headers(init?.headers ?? (isRequest ? input.headers : undefined)).get(name));
  if (!form || (init?.mode ?? (isRequest ? input.mode : 'cors')) === 'no-cors') return plain.apply(this, arguments);
  const request = new Request(input, init), again = request.clone();
  const send = (request, headers) => {
    for (const name in headers) request.headers.set(name, headers[name]);
    return plain(request);
  };
  // Without a proof the server says what it wants.
  const answer = await send(request, await ready().then(palisade => palisade.headers(form)).catch(() => ({'Palisade-Ticket': ''})));
  if (!asks(answer.status, answer.headers.get('Content-Type'))) return answer;
  const problem = await answer.clone().json().catch(() => ({}));
  if (!problem.challenge) return answer;
  return ready().then(palisade => palisade.answer(problem)).then(headers => send(again, headers), () => answer);
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
    ready().then(palisade => palisade.headers(this.#form)).catch(() => ({'Palisade-Ticket': ''})).then(headers => this.#go(headers));
  }

  #header(name) {
    const values = this.#headers.filter(([other]) => equal(other, name)).map(([, value]) => value);
    return values.length ? values.join(', ') : null;
  }

  #go(headers) {
    if (this.#gone) return;
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
    ready().then(palisade => palisade.answer(problem)).then(headers => {
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

// Forms that came without our fields: built by a script, or served past the gateway.
const make = (name, attributes) => Object.assign(document.createElement(name), attributes);

function guard(form) {
  const attribute = name => form.getAttribute(name) ?? '';
  if (!/^post$/i.test(attribute('method')) || Element.prototype.querySelector.call(form, '.palisade')) return;
  const name = formOf('POST', resolved(attribute('action') || location.href));
  if (!name) return;
  if (!document.querySelector(`link[href="${own(settings.style)}"]`)) {
    document.head.append(make('link', {rel: 'stylesheet', href: own(settings.style), ...(nonce && {nonce})}));
  }
  const div = make('div', {className: 'palisade'});
  div.dataset.palisadeForm = name;
  div.dataset.palisadeBase = settings.base;
  for (const field of ['palisade-ticket', 'palisade-proof']) div.append(make('input', {type: 'hidden', name: field}));
  Element.prototype.append.call(form, div);
  early.add(form);
  ready().finally(() => early.delete(form)).catch(() => {});
}

// Who is quicker than palisade.js comes waits for it. Where it does not come, the
// form goes without, and meets the challenge page.
const early = new Set();
addEventListener('submit', event => {
  const {target: form, submitter} = event;
  if (!early.has(form) || event.defaultPrevented) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  ready().catch(() => {}).then(() => {
    early.delete(form);
    HTMLFormElement.prototype.requestSubmit.call(form, submitter);
  });
}, true);

// A form that is still being read may get its fields from the gateway yet.
const all = () => { if (document.readyState !== 'loading') [...document.forms].forEach(guard); };
new MutationObserver(all).observe(document, {childList: true, subtree: true});
addEventListener('DOMContentLoaded', all);
all();
})();
