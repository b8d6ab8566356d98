// The automations that run under Node. Each fills the form in and submits it once:
//
//	BASE=http://localhost:8080 SEED=1 CHROMIUM=… FIREFOX=… node clients.mjs NAME

import {createRequire} from 'node:module';
import {pbkdf2Sync} from 'node:crypto';

const {BASE, SEED, CHROMIUM, FIREFOX} = process.env;
const require = createRequire(import.meta.url);
const dwell = 1500; // longer than the form asks for
const sleep = ms => new Promise(done => setTimeout(done, ms));

let state = Number(SEED) || 1;
function random() { // mulberry32
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const between = (low, high) => low + random() * (high - low);

const fields = [['#username', 'paula'], ['#email', 'paula@example.org'], ['#about', 'I write programs all day']];

const args = ['--no-sandbox']; // tests run as root in containers

// plain uses the shortest calls of the documentation.
async function plain(page) {
  await page.goto(BASE + '/signup');
  await sleep(dwell);
  for (const [selector, text] of fields) {
    if (page.fill) await page.fill(selector, text);
    else await page.type(selector, text);
  }
  await submit(page, () => page.click('#submit'));
}

// submit waits for the answer.
async function submit(page, act) {
  const answer = page.waitForNavigation({timeout: 60000});
  answer.catch(() => {}); // act may fail first
  await act();
  await answer;
}

// careful moves the mouse in steps and types with a delay, as guides on evasion say.
async function careful(page) {
  await page.goto(BASE + '/signup');
  await page.mouse.move(200, 300, {steps: 20});
  await sleep(dwell);
  for (const [selector, text] of fields) {
    const {x, y, width, height} = await (await page.$(selector)).boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2, {steps: 25});
    await page.mouse.click(x + width / 2, y + height / 2, {delay: 80});
    await page.keyboard.type(text, {delay: 90});
  }
  const {x, y, width, height} = await (await page.$('#submit')).boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2, {steps: 25});
  await submit(page, () => page.mouse.click(x + width / 2, y + height / 2, {delay: 80}));
}

// agent has the pauses and the curved paths of a person.
async function agent(page) {
  await page.goto(BASE + '/signup');
  let at = [between(300, 700), between(200, 600)];
  await page.mouse.move(...at);
  await sleep(between(1200, 3000));
  const go = async (x, y) => {
    const [x0, y0] = at, length = Math.hypot(x - x0, y - y0);
    const bend = () => between(-0.2, 0.2) * length;
    const [x1, y1, x2, y2] = [x0 + (x - x0) / 3 + bend(), y0 + (y - y0) / 3 + bend(), x0 + (x - x0) * 2 / 3 + bend(), y0 + (y - y0) * 2 / 3 + bend()];
    const steps = Math.max(12, Math.round(between(25, 45) * Math.sqrt(length / 300)));
    for (let i = 1; i <= steps; i++) {
      const u = i / steps, t = u * u * u * (10 - 15 * u + 6 * u * u), v = 1 - t;
      await page.mouse.move(v * v * v * x0 + 3 * v * v * t * x1 + 3 * v * t * t * x2 + t * t * t * x, v * v * v * y0 + 3 * v * v * t * y1 + 3 * v * t * t * y2 + t * t * t * y);
      await sleep(between(6, 14));
    }
    at = [x, y];
  };
  const click = async selector => {
    const {x, y, width, height} = await (await page.$(selector)).boundingBox();
    await go(x + width * between(0.2, 0.8), y + height * between(0.25, 0.75));
    await sleep(between(80, 250));
    await page.mouse.down();
    await sleep(between(60, 140));
    await page.mouse.up();
  };
  for (const [selector, text] of fields) {
    await click(selector);
    await sleep(between(150, 500));
    for (const key of text) {
      await page.keyboard.press(key, {delay: between(50, 120)});
      await sleep(between(40, 180));
    }
    await sleep(between(200, 900));
  }
  await submit(page, () => click('#submit'));
}

// script sets the fields and submits without any input.
async function script(page) {
  await page.goto(BASE + '/signup');
  await sleep(dwell);
  await submit(page, () => page.evaluate(fields => {
    for (const [selector, text] of fields) document.querySelector(selector).value = text;
    document.querySelector('form').requestSubmit();
  }, fields));
}

async function playwright(fill, {options = {}, context = {}, extra = false} = {}) {
  let {chromium} = require('playwright-core');
  if (extra) {
    chromium = require('playwright-extra').addExtra(chromium);
    chromium.use(require('puppeteer-extra-plugin-stealth')());
  }
  const browser = await chromium.launch({executablePath: CHROMIUM, ...options, args: [...args, ...options.args ?? []]});
  try {
    await fill(await (await browser.newContext(context)).newPage());
  } finally {
    await browser.close();
  }
}

async function puppeteer(fill, {extra = false, firefox = false} = {}) {
  let launcher = require('puppeteer-core');
  if (extra) {
    launcher = require('puppeteer-extra').addExtra(launcher);
    launcher.use(require('puppeteer-extra-plugin-stealth')());
  }
  const browser = await launcher.launch(firefox ? {browser: 'firefox', executablePath: FIREFOX} : {executablePath: CHROMIUM, args});
  try {
    await fill(await browser.newPage());
  } finally {
    await browser.close();
  }
}

// The version that Chromium has, without the word Headless.
const hardened = {
  options: {args: ['--disable-blink-features=AutomationControlled']},
  context: {viewport: {width: 1280, height: 800}, locale: 'en-US', userAgent: `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major()}.0.0.0 Safari/537.36`},
};

function major() {
  const {execFileSync} = require('node:child_process');
  return CHROMIUM ? execFileSync(CHROMIUM, ['--version'], {stdio: ['ignore', 'pipe', 'ignore']}).toString().match(/(\d+)\./)[1] : '';
}

async function post(solves) {
  const first = await fetch(BASE + '/signup');
  const text = await first.text();
  const cookie = first.headers.getSetCookie().map(line => line.split(';')[0]).join('; ');
  const plainText = t => t.replace(/&#34;|&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&#43;/g, '+').replace(/&amp;/g, '&');
  const body = new URLSearchParams({username: 'nora', email: 'nora@example.org', about: 'I write programs'});
  for (const [, name, value] of text.matchAll(/<input[^>]* name="(palisade-[^"]*|[a-z]+_[^"]*)"[^>]* value="([^"]*)"/g)) body.set(name, plainText(value));
  if (solves) {
    const challenge = JSON.parse(plainText(text.match(/ data-palisade-challenge="([^"]*)"/)[1]));
    const {cost, keyLength, keyPrefix, nonce, salt} = challenge.parameters;
    const password = Buffer.concat([Buffer.from(nonce, 'hex'), Buffer.alloc(4)]);
    for (let counter = 0; ; counter++) {
      password.writeUInt32BE(counter, password.length - 4);
      const derivedKey = pbkdf2Sync(password, Buffer.from(salt, 'hex'), cost, keyLength, 'sha256').toString('hex');
      if (derivedKey.startsWith(keyPrefix)) {
        body.set('palisade-proof', Buffer.from(JSON.stringify({challenge, solution: {counter, derivedKey, time: 20}})).toString('base64'));
        break;
      }
    }
  }
  await sleep(dwell);
  await fetch(BASE + '/signup', {method: 'POST', body, headers: cookie ? {cookie} : {}});
}

const headful = {options: {headless: false}};
const clients = {
  'playwright': () => playwright(plain),
  'playwright-headful': () => playwright(plain, headful),
  'playwright-hardened': () => playwright(careful, hardened),
  'playwright-agent': () => playwright(agent, hardened),
  'playwright-agent-headful': () => playwright(agent, {options: {headless: false, args: hardened.options.args}, context: {viewport: null}}),
  'playwright-stealth': () => playwright(plain, {extra: true}),
  'puppeteer': () => puppeteer(plain),
  'puppeteer-stealth': () => puppeteer(plain, {extra: true}),
  'puppeteer-firefox': () => puppeteer(plain, {firefox: true}),
  'script-only': () => playwright(script),
  'fetch': () => post(false),
  'fetch-solver': () => post(true),
};

await clients[process.argv[2]]();
