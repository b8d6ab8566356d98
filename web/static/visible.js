// Palisade: what the visitor sees of a visible step. palisade.js loads it where
// one is asked for; the proof itself is made there.
import './altcha.min.959494398e.js';

const guards = new WeakMap(); // by widget

// Step lends the unmodified widget of altcha its proof, through the hooks that
// the widget has for plug-ins. Other widgets of the page see none of it.
class Step {
  constructor(widget) { this.widget = widget; }
  activate() {}
  destroy() {}
  onFetchChallenge() {}
  onRequestServerVerification() {}

  async onVerify() {
    const guard = guards.get(this.widget);
    if (!guard) return undefined;
    this.widget.reset('verifying');
    try {
      await guard.prove();
      this.widget.setState('verified');
    } catch (error) {
      this.widget.setState('error', String(error));
    }
    return null;
  }
}

globalThis.$altcha.plugins.add(Step);

// show puts the widget into the form of a guard of palisade.js. The nonce is that
// of the page's Content Security Policy.
export async function show(guard, nonce) {
  await style(nonce);
  const language = await speak(guard.div);
  const widget = document.createElement('altcha-widget');
  widget.setAttribute('name', ''); // the form has a field for the proof
  widget.setAttribute('language', language);
  widget.setAttribute('lang', language);
  widget.setAttribute('configuration', JSON.stringify({
    hideFooter: true, hideLogo: true,
    humanInteractionSignature: false, // watches the pointer
    popoverPlacement: 'top', // an error would hide the button below
  }));
  guards.set(widget, guard);
  listen(widget, guard);
  guard.div.append(widget);
}

// listen tells the visitor what the widget does, and sends the form when it was
// meant to be sent.
function listen(widget, guard) {
  const form = guard.form;
  let button = null;  // that was clicked, or that Enter stands for
  let wanted = ours(guard.div); // the form is to be sent once verified
  let failed = false;
  form.addEventListener('click', event => {
    const target = event.target.closest('button, input');
    button = /^(submit|image)$/.test(target?.type) ? target : null;
  }, true);

  // The browser does not submit while the widget is not ticked. Whoever submits
  // means it, so the step is taken, and the form sent when nothing else is amiss.
  widget.addEventListener('invalid', event => {
    event.preventDefault();
    wanted = [...HTMLFormElement.prototype.querySelectorAll.call(form, ':invalid')]
      .every(field => widget.contains(field) || field.contains(widget));
    if (failed) {
      widget.remove(); // let the server decide
      if (wanted) setTimeout(send);
    } else if (widget.getState() !== 'verifying') {
      widget.verify();
    }
  }, true);

  widget.addEventListener('statechange', ({detail: {state}}) => {
    if (state === 'error') failed = true; // which the widget announces
    else guard.say(state === 'unverified' ? '' : widget.querySelector('label').textContent, true);
    if (state !== 'verified') return;
    failed = false;
    guard.tell('verified');
    if (wanted) setTimeout(send);
  });

  function send() {
    HTMLFormElement.prototype.requestSubmit.call(form, button?.form === form ? button : null);
  }
}

// ours reports whether the page is ours and no form of the app.
const ours = div => div.hasAttribute('data-palisade-page');

// style loads the widget's style sheet once.
function style(nonce) {
  return style.loaded ??= new Promise((done, fail) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.nonce = nonce || '';
    link.href = new URL('altcha.03622256ef.css', import.meta.url);
    link.onload = done;
    link.onerror = fail;
    document.head.append(link);
  });
}

// speak loads the widget's texts and returns the language to show them in: the
// page's, or the visitor's where the page is ours and not in a language of theirs.
async function speak(div) {
  let language = div.closest('[lang]')?.lang || '';
  const same = theirs => theirs.split('-')[0] === language.split('-')[0];
  if (ours(div) && !navigator.languages.some(same)) language = navigator.language;
  // English is built in.
  if (!/^en\b/i.test(language)) await import('./altcha.i18n.04d4ecf7d1.js').catch(() => {});
  return language || navigator.language;
}

// captcha shows a provider's captcha where the page does not have it yet.
export function captcha({captcha, div}, nonce) {
  if (captcha.execute) { // no element to be solved: palisade.js asks for the token
    if (div.querySelector('[data-palisade-execute]')) return;
    const field = div.appendChild(document.createElement('input'));
    Object.assign(field, {type: 'hidden', name: captcha.field});
    Object.assign(field.dataset, {palisadeExecute: captcha.execute, sitekey: captcha.sitekey, action: captcha.action});
    load(captcha.script, nonce);
    return;
  }
  if (!captcha.class || div.querySelector('.' + CSS.escape(captcha.class))) return; // the page has what it takes
  const element = div.appendChild(document.createElement('div'));
  element.className = captcha.class;
  Object.assign(element.dataset, {sitekey: captcha.sitekey, action: captcha.action});
  if (api()) { // it looked for elements before this one came
    api().render(element, {sitekey: captcha.sitekey, action: captcha.action});
    return;
  }
  load(captcha.script, nonce);
}

function load(src, nonce) {
  const script = document.createElement('script');
  Object.assign(script, {src, async: true, nonce: nonce || ''});
  document.head.append(script);
}

// token promises a token that was not used before.
export async function token(guard, nonce) {
  captcha(guard, nonce);
  for (let again = false; ; await new Promise(done => setTimeout(done, 250))) { // no event tells
    if (!guard.div.isConnected) throw new DOMException('palisade: the step has left the page', 'AbortError');
    const value = guard.form.querySelector(`[name="${CSS.escape(guard.captcha.field)}"]`)?.value;
    if (value?.startsWith('.')) continue; // a state of Friendly Captcha's
    if (value && value !== guard.token) return guard.token = value;
    if (value && !again) api()?.reset();
    again ||= !!value;
  }
}

// api returns what the provider's script left, once it is there.
const api = () => [window.grecaptcha, window.hcaptcha, window.turnstile].find(api => api?.render);
