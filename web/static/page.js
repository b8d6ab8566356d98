// Palisade: the page that asks for one more step. It keeps what was typed in its
// form, which is sent once the step is taken. palisade.js makes the proof and
// holds the form back until its ticket is old enough.
const form = document.getElementById('palisade-again');
const step = document.querySelector('.palisade');
const show = id => { document.getElementById(id).hidden = false; };

document.getElementById('palisade-stuck').remove(); // scripts do run

if (!globalThis.crypto?.subtle) {
  show('palisade-insecure');
  form.hidden = true;
} else {
  if (step.hasAttribute('data-palisade-visible')) offerLater();
  else offer();
  step.addEventListener('palisade:verified', count);
  const field = step.getAttribute('data-palisade-field');
  if (field) watch(field);
}

// A link that changes something carries no fields. The page opens a session instead, and
// follows the link with it. A browser that keeps no cookies comes back here, and goes on by
// hand alone.
const session = form.dataset.palisadeSession, action = form.getAttribute('action');
let back = false;
if (session) {
  try {
    back = sessionStorage.getItem('palisade-again') === action;
    sessionStorage.setItem('palisade-again', action);
  } catch {
    back = true; // a browser that blocks storage blocks cookies too
  }
  form.addEventListener('submit', event => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    if (!back || event.submitter) follow();
    else offer();
  });
}

async function follow() {
  const headers = {};
  for (const [name, header] of [['palisade-ticket', 'Ticket'], ['palisade-proof', 'Proof'], [step.getAttribute('data-palisade-field'), 'Captcha']]) {
    const value = form.elements.namedItem(name ?? '')?.value;
    if (value) headers['Palisade-' + header] = value;
  }
  await fetch(session, {method: 'POST', headers}).catch(() => {});
  location.replace(action);
}

function offer() { show('palisade-send'); }

// offerLater keeps the button out of the way of a step that sends the form by itself,
// until it is the way on: the step is not there or has failed, something else of the
// form is amiss, or the form was sent and yet the page is still here.
function offerLater() {
  setTimeout(() => step.querySelector('altcha-widget input') || offer(), 4000);
  step.addEventListener('palisade:failed', () => {
    offer();
    document.getElementById('palisade-tick').style.visibility = 'hidden'; // the widget's message covers it
  });
  addEventListener('invalid', ({target}) => target.closest('altcha-widget') || offer(), true);
  addEventListener('submit', () => setTimeout(offer, 8000));
  addEventListener('pageshow', event => event.persisted && offer());
}

// count counts down in sight only: a screen reader is told once, by palisade.js.
function count() {
  const left = document.getElementById('palisade-left');
  const due = performance.timeOrigin + Number(step.getAttribute('data-palisade-wait'));
  const seconds = Math.ceil((due - Date.now()) / 1000);
  left.textContent = seconds > 0 ? left.dataset.wait.replace('{n}', seconds) : left.dataset.sending;
  if (seconds > 0) setTimeout(count, 250);
}

// watch waits for the token of a provider's captcha; no event tells of it. Friendly
// Captcha's field says ".UNSTARTED" and the like until it has one.
function watch(field) {
  const input = document.querySelector(`[name="${CSS.escape(field)}"]`);
  if (input?.value && !input.value.startsWith('.')) {
    HTMLFormElement.prototype.requestSubmit.call(form);
    count();
  } else setTimeout(watch, 250, field);
}
