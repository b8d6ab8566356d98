// Palisade: the captcha widget for pages of any origin, under the names that the
// page knows from its old vendor. A page moves over by changing this script's URL:
//
//   /recaptcha/api.js      class g-recaptcha     field g-recaptcha-response   grecaptcha
//   /turnstile/v0/api.js   class cf-turnstile    field cf-turnstile-response  turnstile
//   /1/api.js              class h-captcha       field h-captcha-response     hcaptcha
//   /captcha/api.js        class palisade-captcha, field palisade-response,   palisadeCaptcha;
//                          ?compat=friendly: frc-captcha and frc-captcha-response
//
// It runs in a frame of the service's own origin, so the page needs script-src and
// frame-src for that origin and nothing else. The frame tells the host of the page
// by what the browser says of it, not by what the page says.
(() => {
'use strict';
// A module has no currentScript. The stack of an error names the script that made it.
const address = document.currentScript?.src || new Error().stack.match(/https?:\/\/\S+?(?=(:\d+){1,2}\)?$)/m)[0];
const script = document.currentScript || [...document.scripts].filter(element => element.src === address).pop();
const home = new URL(address), query = home.searchParams;

const KINDS = {
  recaptcha: {css: 'g-recaptcha', fields: ['g-recaptcha-response'], api: 'grecaptcha'},
  turnstile: {css: 'cf-turnstile', fields: ['cf-turnstile-response'], api: 'turnstile'},
  hcaptcha: {css: 'h-captcha', fields: ['h-captcha-response', 'g-recaptcha-response'], api: 'hcaptcha'},
  friendly: {css: 'frc-captcha', fields: ['frc-captcha-response'], api: 'friendlyChallenge'},
  palisade: {css: 'palisade-captcha', fields: ['palisade-response'], api: 'palisadeCaptcha'},
};
const PATHS = {recaptcha: '/recaptcha/', turnstile: '/turnstile/', hcaptcha: '/1/'};
const own = Object.keys(PATHS).find(name => home.pathname.startsWith(PATHS[name])) || 'palisade';
const compat = query.get('compat');
const kind = KINDS[compat] || KINDS[own];
if (compat === 'recaptcha' || query.get('recaptchacompat') === 'off') kind.fields = kind.fields.slice(0, 1);

// call calls what an attribute or a parameter names.
const call = (callback, ...args) => {
  if (typeof callback === 'string') callback = callback.split('.').reduce((object, name) => object?.[name], window);
  if (typeof callback === 'function') return callback(...args);
};

const loaded = new Promise(done => {
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', done);
  else done();
});
// Wrappers expect their callback after the script's own load event, as from the vendors.
const announced = new Promise(done => {
  if (script) script.addEventListener('load', () => setTimeout(done));
  else setTimeout(done);
});
const announce = () => call(query.get('onload') || '');

if (window[kind.api]?.render) { // the tag is there twice
  Promise.all([loaded, announced]).then(announce);
  return;
}

const SIZES = {normal: ['302px', '66px'], compact: ['164px', '80px'], flexible: ['100%', '66px']};
const widgets = [];

class Widget {
  token = '';
  waiting = []; // those who asked for a token

  constructor(container, settings) {
    Object.assign(this, {container, settings, id: widgets.length});
    this.button = /^(BUTTON|INPUT)$/.test(container.tagName);
    this.hidden = this.button || settings.size === 'invisible' || settings.background;
    this.addFields();
    this.ready = new Promise(done => { this.begin = done; });
    this.addFrame();
    if (this.button) container.addEventListener('click', event => { event.preventDefault(); this.execute().catch(() => {}); });
    widgets.push(this);
  }

  addFields() {
    const {settings, container} = this, place = this.button ? container.parentNode : container;
    const names = settings['response-field-name'] ? [settings['response-field-name']] : kind.fields;
    if (settings.background || String(settings['response-field']) === 'false') { this.fields = []; return; }
    this.fields = names.map(name => {
      const field = document.createElement('textarea'); // which is what the vendors have
      Object.assign(field, {name, hidden: true, tabIndex: -1, autocomplete: 'off'});
      field.setAttribute('aria-hidden', 'true');
      return place.appendChild(field);
    });
  }

  addFrame() {
    const {settings, container} = this, frame = this.frame = document.createElement('iframe');
    const [width, height] = SIZES[settings.size] || SIZES.normal;
    const url = new URL('/captcha/frame', home.origin);
    url.searchParams.set('k', settings.sitekey || '');
    for (const name of ['theme', 'size']) if (settings[name]) url.searchParams.set(name, settings[name]);
    const language = settings.language || settings.hl || query.get('hl') || document.documentElement.lang;
    if (language) url.searchParams.set('hl', language);
    Object.assign(frame, {title: 'Captcha', tabIndex: settings.tabindex || 0});
    if (this.hidden) {
      url.searchParams.set('size', 'invisible');
      frame.hidden = true;
      frame.setAttribute('aria-hidden', 'true');
      frame.tabIndex = -1;
    }
    frame.src = url.href;
    Object.assign(frame.style, this.hidden ? {display: 'none'} : {border: 0, width, height, maxWidth: '100%', colorScheme: 'normal'});
    (this.button ? container.parentNode : container).append(frame);
  }

  get form() { return this.container.closest('form'); }

  // setup says what the challenge is for; it can change until it is asked for.
  setup(more) {
    const {settings} = this;
    return {action: settings.action || '', cdata: settings.cData || settings.cdata || '', mode: settings.background ? 'score' : 'box', ...more};
  }

  send(message) { this.frame.contentWindow?.postMessage({palisade: message}, home.origin); }

  heard({type, token, code}) {
    switch (type) {
      case 'hello':
        this.send({type: 'setup', ...this.setup()});
        this.begin();
        break;
      case 'token':
        this.set(token);
        this.waiting.splice(0).forEach(({done}) => done(token));
        call(this.settings.callback, token);
        break;
      case 'expired':
        this.set('');
        call(this.settings['expired-callback']);
        break;
      case 'error':
        this.set('');
        this.waiting.splice(0).forEach(({fail}) => fail(new Error('palisade: ' + code)));
        call(this.settings['error-callback'], code);
    }
  }

  set(token) {
    this.token = token;
    for (const field of this.fields) field.value = token;
  }

  // execute promises a token that was not used before.
  async execute(more) {
    await this.ready;
    const token = new Promise((done, fail) => this.waiting.push({done, fail}));
    this.send({type: 'execute', ...this.setup(more)});
    return token;
  }

  reset() {
    this.set('');
    this.send({type: 'reset', ...this.setup()});
  }

  remove() {
    this.frame.remove();
    for (const field of this.fields) field.remove();
    widgets[this.id] = null;
  }
}

addEventListener('message', event => {
  if (event.origin !== home.origin || !event.data?.palisade) return;
  widgets.find(widget => widget?.frame.contentWindow === event.source)?.heard(event.data.palisade);
});

// settingsOf reads data- attributes: data-expired-callback is "expired-callback".
function settingsOf(element) {
  const settings = {};
  for (const {name, value} of element.attributes) if (name.startsWith('data-')) settings[name.slice(5)] = value;
  return settings;
}

function render(container, params = {}, inherit) {
  const element = typeof container === 'string' ? document.getElementById(container) || document.querySelector(container) : container;
  if (!element) throw new Error('palisade: there is no element ' + container);
  const old = widgets.find(widget => widget?.container === element);
  if (old?.frame.parentNode) return name(old);
  old?.remove(); // the page has emptied the element
  return name(new Widget(element, {...(inherit === false ? {} : settingsOf(element)), ...params}));
}

// name is what a page gets for a widget: a number from reCAPTCHA, text from the others.
// Some wrappers of the others take 0 for "not rendered yet".
const name = widget => kind.api === 'grecaptcha' ? widget.id : 'palisade-' + widget.id;

function find(which) {
  if (which === undefined || which === null) return widgets.find(widget => widget && !widget.settings.background);
  const element = typeof which === 'string' ? document.getElementById(which) || (/^[.#]/.test(which) && document.querySelector(which)) : which;
  return widgets.find(widget => widget && (name(widget) === which || String(widget.id) === String(which) || widget.container === element));
}

// inBackground is the widget behind execute(sitekey, …), which no page shows.
function inBackground(sitekey) {
  return widgets.find(widget => widget?.settings.background && widget.settings.sitekey === sitekey)
    || new Widget(document.body || document.documentElement, {sitekey, background: true});
}

function execute(which, options = {}) {
  const widget = find(which);
  if (!widget && typeof which === 'string') return inBackground(which).execute({action: options.action || ''});
  if (!widget) return Promise.reject(new Error('palisade: there is no such widget'));
  const token = widget.execute(options.action ? {action: options.action} : {});
  if (kind.api !== 'hcaptcha') return token;
  return options.async ? token.then(response => ({response, key: String(widget.id)})) : void token.catch(() => {});
}

const api = {
  render, execute,
  ready: callback => loaded.then(callback),
  reset: which => find(which)?.reset(),
  remove: which => find(which)?.remove(),
  getResponse: which => find(which)?.token || '',
  getRespKey: which => String(find(which)?.id ?? ''),
  isExpired: which => !find(which)?.token,
};
if (kind.api === 'hcaptcha') Object.assign(api, {setData() {}, close() {}}); // wrappers call them; there is nothing to do
window[kind.api] = {...window[kind.api], ...api};
if (kind.api === 'grecaptcha') window.grecaptcha.enterprise = api;
if (compat === 'recaptcha') window.grecaptcha = api;

loaded.then(() => {
  const how = query.get('render');
  if (how !== 'explicit') {
    for (const element of document.querySelectorAll(`.${kind.css}:not([type=hidden])`)) render(element);
    if (how && how !== 'onload') inBackground(how); // so that it is there when it is needed
  }
  return announced;
}).then(announce);
})();
