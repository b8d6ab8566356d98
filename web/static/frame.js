// Palisade: the inside of the widget's frame. It makes the token; api.js, in the
// page around it, puts the token where the page wants it. The SDK of Friendly Captcha
// does that too: its frames have a comm_id, and its own messages.
const form = document.getElementById('form'), box = document.getElementById('box');
const query = new URLSearchParams(location.search);
const invisible = query.get('size') === 'invisible';

// The SDK has a frame for each widget, and one that is called agent. It passes on their
// messages to each other.
const id = query.get('comm_id'), agent = query.get('agent_id');

let page = ''; // origin of the page around us, as the browser tells it
let setup = {};
let expiry;

const send = message => parent.postMessage(message, page || '*'); // only the first message goes to anybody
const pass = (type, to, more) => send({_frc: 1, type, from_id: id, to_id: to, ...more});

const STATES = {token: 'completed', expired: 'expired', error: 'error'};

function tell(message) {
  if (!id) return send({palisade: message});
  const {type, token, code} = message, state = STATES[type];
  pass('root_set_response', '', {
    widget_id: id, state, response: token || '.' + state.toUpperCase(), mode: 'interactive',
    ...(code && {error: {code: 'other', detail: code}}),
  });
}

// make asks for a challenge and makes the token of it.
async function make() {
  const url = new URL('challenge', new URL('.', import.meta.url));
  const {action = '', cdata = '', mode = 'box'} = setup;
  for (const [name, value] of Object.entries({k: query.get('k') || query.get('sitekey'), origin: page, action, cdata, mode})) url.searchParams.set(name, value);
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

const show = async () => (await import('./visible.70a23e8d24.js')).show(guard);

// heardByAgent answers what the SDK sends to the agent: it has no other part in our captcha.
function heardByAgent({type, from_id: widget, uid, trigger}) {
  switch (type) {
    case 'widget_announce': return pass('agent_info', widget, {info: {}});
    case 'root_trigger_widget':
    case 'root_reset_widget': return pass(type, widget, {trigger});
    case 'root_risk_intelligence_generate':
    case 'root_risk_intelligence_clear': return pass(type + '_reply', '', {uid, error: {code: 'other', detail: 'not available'}});
  }
}

let begin;
const begun = new Promise(done => { begin = done; }); // the box is shown

// heardFromSDK is for the frame of a widget. A form that gets the focus starts nothing:
// the visitor ticks the box.
function heardFromSDK({type, trigger}) {
  switch (type) {
    case 'agent_info': return begin(show());
    case 'root_reset_widget': return reset();
    case 'root_trigger_widget': if (trigger?.tt !== 'focus') begun.then(() => box.querySelector('altcha-widget').verify());
  }
}

addEventListener('message', ({data, source, origin}) => {
  if (source !== parent) return;
  if (id && data?._frc) {
    page = origin;
    (id === agent ? heardByAgent : heardFromSDK)(data);
  }
  const message = data?.palisade;
  if (id || !message) return;
  page = origin;
  const {type, ...rest} = message;
  setup = rest;
  if (type === 'execute') work().catch(() => {});
  if (type === 'reset') reset();
});

if (parent !== window) {
  if (id === agent && id) pass('agent_announce', '');
  else if (id) pass('widget_announce', agent, {sitekey: query.get('sitekey'), lang: query.get('lang'), mode: 'interactive', signals: {}});
  else {
    if (!invisible) await show();
    tell({type: 'hello'});
  }
}
