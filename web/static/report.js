// Palisade: what a page sees of its visitor, and of the browser: counts and flags alone.
// palisade.js loads it and sends what it says with the proof. No key, no character, no
// position and no time leaves the page, and nothing is stored; place and time of the last
// press stay in memory until the next one. signal/report.go says what each number is.
// palisadeSettings.debug = true shows in the console what is sent.
// No build step.
(() => {
'use strict';
if (window.palisade?.report) return;

const count = {presses: 0, jumps: 0, centred: 0, brief: 0, touches: 0, keys: 0, rolls: 0, untrusted: 0, fractions: 0};
const filled = new WeakMap(), tenths = new Set(); // how a field was filled; what times of input end in
let travel = 0, last = null, held = 0, driven = false;

const on = (type, see) => addEventListener(type, event => {
  if (!event.isTrusted) count.untrusted++;
  else see?.(event);
  if (!/^[pk]/.test(type)) driven ||= /UtilityScript|pptr:|__puppeteer|__playwright|callFunction \(<anon/.test(new Error().stack);
}, true);

on('pointermove', event => {
  travel += event.getCoalescedEvents?.().length || 1; // a busy page gets many moves as one
  if (event.pointerType === 'mouse' && devicePixelRatio === 1 && event.x % 1) count.fractions++;
});
on('pointerdown', ({pointerType, x, y, timeStamp, target}) => {
  if (pointerType !== 'mouse') return count.touches++;
  count.presses++;
  const box = (target.closest?.('a, button, input, label, select, textarea') ?? target).getBoundingClientRect?.();
  if (last && travel < 3 && Math.hypot(x - last.x, y - last.y) > 100) count.jumps++;
  if (box?.width * box?.height > 2000 && Math.abs(2 * (x - box.left) - box.width) <= 1 && Math.abs(2 * (y - box.top) - box.height) <= 1) count.centred++;
  travel = 0;
  last = {x, y, timeStamp};
});
on('pointerup', ({pointerType, timeStamp}) => {
  if (pointerType === 'mouse' && timeStamp - last?.timeStamp < 12) count.brief++;
});
on('keydown', ({repeat, shiftKey, ctrlKey, altKey, metaKey, timeStamp}) => {
  if (repeat) return;
  count.keys++;
  tenths.add(Math.floor(timeStamp * 10) % 10);
  if (held++ > 0 && !(shiftKey || ctrlKey || altKey || metaKey)) count.rolls++;
});
on('keyup', () => { held = Math.max(held - 1, 0); });
addEventListener('blur', () => { held = 0; }, true);
on('input', ({target, inputType}) => {
  const helped = !/^(insertText|insertLineBreak|delete\w+)$/.test(inputType);
  filled.set(target, filled.get(target) || helped);
});
for (const type of ['click', 'change', 'submit']) on(type);

// A field called "elements" hides the form's own.
const elements = Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, 'elements').get;

// report says what was seen, in the one form that signal/report.go reads.
function report(form, ticket) {
  let scripted = 0, helped = 0, auto = 0, characters = 0;
  for (const field of form ? elements.call(form) : []) {
    if (!/^(text|email|password|search|tel|url|textarea)$/.test(field.type) || !field.value || field.value === field.defaultValue || field.readOnly) continue;
    if (field.matches(':is(:autofill, :-webkit-autofill)')) auto = 4;
    else if (!filled.has(field)) scripted++;
    else if (filled.get(field)) helped = 2;
    else characters += field.value.length;
  }
  const native = /\[native code\]/, getter = Object.getOwnPropertyDescriptor(Navigator.prototype, 'webdriver')?.get;
  const environment = !!navigator.webdriver +
    2 * (Object.hasOwn(navigator, 'webdriver') || (getter ? !native.test(Function.prototype.toString.call(getter)) : !!window.chrome)) +
    4 * [...Object.keys(window), ...Object.keys(document)].some(name => /^\$?cdc_|^__(playwright|pw_|puppeteer|webdriver|selenium|driver|nightmare)|^(_phantom|callPhantom|domAutomation)/.test(name)) +
    8 * driven + 16 * (innerWidth === screen.width && innerHeight === screen.height && !navigator.maxTouchPoints);
  const {presses, jumps, centred, brief, touches, keys, rolls, untrusted, fractions} = count;
  const numbers = [environment, presses, jumps, centred, brief, touches, Math.log2(keys + 1) | 0, rolls, scripted,
    (characters > 8 && 2 * keys < characters) + helped + auto, untrusted, fractions, tenths.size];
  const binding = [...ticket].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(), 16777619), 2166136261 | 0) >>> 0;
  const digits = '1' + numbers.map(n => Math.min(n, 35).toString(36)).join('') + (binding % 1296).toString(36).padStart(2, '0');
  if (window.palisadeSettings?.debug) console.debug('palisade reports', {...count, environment, scripted, helped, auto, digits});
  return digits;
}

Object.assign(window.palisade, {report});
})();
