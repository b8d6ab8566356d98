// A stand-in for a vendor's widget: a button that gets a token from the test
// server. It has as much of the vendors' interface as pages commonly use.
(() => {
  const facts = FACTS;
  const home = new URL(document.currentScript.src);
  const widgets = [];

  async function token(sitekey, options) {
    const body = new URLSearchParams({
      service: facts.service, sitekey, hostname: location.hostname,
      action: options.action || '', cdata: options.cdata || options.cData || '', execute: options.execute ? '1' : '',
    });
    const answer = await fetch(new URL(facts.solve, home), { method: 'POST', body, credentials: 'omit' });
    return (await answer.json()).token;
  }

  function render(target, options = {}) {
    const element = typeof target === 'string' ? document.querySelector(target) || document.getElementById(target) : target;
    if (element.dataset.rendered) return Number(element.dataset.rendered);
    const settings = { ...element.dataset, ...options };
    const button = document.createElement('button');
    const field = document.createElement('input');
    button.type = 'button';
    button.textContent = 'I am human (test)';
    button.setAttribute('aria-pressed', 'false');
    field.type = 'hidden';
    field.name = settings.responseFieldName || facts.field;
    const widget = { button, field };
    const id = widgets.push(widget) - 1;
    element.dataset.rendered = id;
    element.append(button, field);
    button.addEventListener('click', async () => {
      field.value = await token(settings.sitekey, settings);
      button.textContent = 'Human (test)';
      button.setAttribute('aria-pressed', 'true');
      const done = settings.callback;
      (typeof done === 'function' ? done : window[done])?.(field.value);
    });
    return id;
  }

  function reset(id = 0) {
    const widget = widgets[id];
    if (!widget) return;
    widget.field.value = '';
    widget.button.textContent = 'I am human (test)';
    widget.button.setAttribute('aria-pressed', 'false');
  }

  window[facts.global] = {
    render, reset,
    ready: done => done(),
    getResponse: (id = 0) => widgets[id]?.field.value || '',
    execute: (sitekey, options = {}) => token(sitekey, { ...options, execute: true }),
  };
  const start = () => document.querySelectorAll('.' + facts.class).forEach(e => render(e));
  if (home.searchParams.get('render') !== 'explicit') {
    document.readyState === 'loading' ? addEventListener('DOMContentLoaded', start) : start();
  }
  const loaded = home.searchParams.get('onload');
  if (loaded) setTimeout(() => window[loaded]?.());
})();
