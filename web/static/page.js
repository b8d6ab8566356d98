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
  show('palisade-send');
  step.addEventListener('palisade:verified', count);
  const field = step.getAttribute('data-palisade-field');
  if (field) watch(field);
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
