// Palisade: the inside of the widget's frame. It makes the token; api.js, in the
// page around it, puts the token where the page wants it.
const form = document.getElementById('form'), box = document.getElementById('box');
const query = new URLSearchParams(location.search);
const invisible = query.get('size') === 'invisible';

let page = ''; // origin of the page around us, as the browser tells it
let setup = {};
let expiry;

const tell = message => parent.postMessage({palisade: message}, page || '*'); // only "hello" goes to anybody

// make asks for a challenge and makes the token of it.
async function make() {
  const url = new URL('challenge', new URL('.', import.meta.url));
  const {action = '', cdata = '', mode = 'box'} = setup;
  for (const [name, value] of Object.entries({k: query.get('k'), origin: page, action, cdata, mode})) url.searchParams.set(name, value);
  const answer = await fetch(url, {cache: 'no-store', signal: AbortSignal.timeout?.(15e3)});
  const offer = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(offer.error || 'status ' + answer.status);
  const proof = await window.palisade.solve(offer.challenge);
  clearTimeout(expiry);
  expiry = setTimeout(expire, offer.life);
  return btoa(offer.claims + '\n' + atob(proof)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

let job = null;
const work = () => job ??= make().then(token => tell({type: 'token', token})).catch(error => {
  tell({type: 'error', code: error.message});
  throw error;
}).finally(() => { job = null; });

function expire() {
  reset();
  tell({type: 'expired'});
}

function reset() {
  clearTimeout(expiry);
  box.querySelector('altcha-widget')?.reset();
}

// guard is what the visible step expects of a form of palisade.js.
const status = box.appendChild(document.createElement('span'));
status.setAttribute('role', 'status');
status.className = 'palisade-unseen';
const guard = {div: box, form, prove: work, tell() {}, say(text) { status.textContent = text; }};

form.addEventListener('submit', event => event.preventDefault());

addEventListener('message', ({data, source, origin}) => {
  const message = data?.palisade;
  if (source !== parent || !message) return;
  page = origin;
  const {type, ...rest} = message;
  setup = rest;
  if (type === 'execute') work().catch(() => {});
  if (type === 'reset') reset();
});

if (parent !== window) {
  if (!invisible) await (await import('./visible.249bf5481c.js')).show(guard);
  tell({type: 'hello'});
}
