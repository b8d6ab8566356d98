// A stand-in for a vendor's widget: a button that gets a token from the test
// server. It has as much of the vendors' interface as pages commonly use.
(() => {
  const facts = FACTS;
  const home = new URL(document.currentScript.src);
  const widgets = [];

  async function token(sitekey, { action = '', cdata = '', cData = cdata, score = false }) {
    const body = new URLSearchParams({ service: facts.service, sitekey, hostname: location.hostname, action, cdata: cData });
    if (score) body.set('score', '1');
    const answer = await fetch(new URL(facts.solve, home), { method: 'POST', body, credentials: 'omit' });
    const told = await answer.json();
    if (!told.token) throw new Error(told.error);
    return told.token;
  }

  // The vendors take a function, or in an attribute the name of a global one.
  const call = (f, ...args) => (typeof f === 'function' ? f : window[f])?.(...args);

  function show(widget, value) {
    for (const field of widget.fields) field.value = value || facts.empty;
    widget.button.textContent = value ? 'Human (test)' : 'I am human (test)';
    widget.button.setAttribute('aria-pressed', String(Boolean(value)));
  }

  async function solve(widget) {
    try {
      show(widget, await token(widget.settings.sitekey, widget.settings));
    } catch (error) {
      widget.button.textContent = 'The captcha failed (test)';
      call(widget.settings.errorCallback, error.message);
      return '';
    }
    const solved = widget.fields[0].value;
    if (facts.event) widget.element.dispatchEvent(new CustomEvent(facts.event, { bubbles: true, detail: { token: solved, response: solved } }));
    call(widget.settings.callback, solved);
    return solved;
  }

  // Cap's sitekey is at the end of an address; MTCaptcha's settings are the page's.
  function defaults(element) {
    if (facts.service === 'mtcaptcha') return window.mtcaptchaConfig || {};
    const address = element.dataset.capApiEndpoint;
    return address ? { sitekey: address.split('/').filter(Boolean).pop() } : {};
  }

  function render(target, options = {}) {
    const element = typeof target === 'string' ? document.getElementById(target) || document.querySelector(target) : target;
    if (element.dataset.rendered) return Number(element.dataset.rendered);
    const settings = { ...defaults(element), ...element.dataset, errorCallback: options['error-callback'] || element.dataset.errorCallback, ...options };
    const button = document.createElement('button');
    button.type = 'button';
    const names = settings['response-field-name'] || settings[facts.rename] || facts.fields;
    const fields = names.split(' ').map(name => Object.assign(document.createElement('input'), { type: 'hidden', name }));
    const widget = { element, button, fields, settings };
    const id = widgets.push(widget) - 1;
    element.dataset.rendered = id;
    element.append(button, ...fields);
    show(widget, '');
    button.addEventListener('click', () => solve(widget));
    return id;
  }

  // What execute means differs: a sitekey asks reCAPTCHA v3 for a token, anything
  // else is a widget to be solved, and hCaptcha's promise has an object.
  async function execute(target = 0, options = {}) {
    if (facts.global === 'grecaptcha' && typeof target === 'string') return token(target, { ...options, score: true });
    const response = await solve(widgets[typeof target === 'number' ? target : render(target, options)]);
    return facts.service === 'hcaptcha' ? { response, key: String(target) } : response;
  }

  const known = id => widgets[typeof id === 'number' ? id : 0];
  window[facts.global] = {
    render, execute,
    ready: done => done(),
    reset: id => known(id) && show(known(id), ''),
    getResponse: id => known(id)?.fields[0].value || '',
  };
  window[facts.global].enterprise = window[facts.global]; // grecaptcha.enterprise has the same functions

  function start() {
    if (home.searchParams.get('render') !== 'explicit') document.querySelectorAll(facts.selector).forEach(e => render(e));
    call(home.searchParams.get('onload'));
  }
  document.readyState === 'loading' ? addEventListener('DOMContentLoaded', start) : setTimeout(start);
})();
