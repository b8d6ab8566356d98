// How a page's script saves while somebody types: it has a session ready, whose cookie the
// browser sends by itself, and answers when the guard asks back.
'use strict';
(() => {
  const form = document.querySelector('form[data-json]');
  const says = document.getElementById('answer');
  const session = palisade.session('autosave');
  const pause = 800; // ms without a key, after which it saves
  let timer;
  let last = Promise.resolve(); // saves go one after another, so that the newest text wins

  const send = headers => fetch(form.action, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
    body: JSON.stringify({ note: form.elements.note.value }),
  });

  async function save() {
    says.textContent = 'Saving…';
    try {
      let answer = await send(await session.headers());
      let body = await answer.json();
      if (answer.status === 403 && body.challenge) {
        answer = await send(await session.answer(body));
        body = await answer.json();
      }
      const { status } = answer;
      says.textContent = status === 201 ? `${status}: saved.` : `${status}: ${Object.values(body.errors ?? {})[0] ?? body.title}`;
    } catch (error) {
      says.textContent = `Not saved: ${error.message}`;
    }
  }

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(() => { last = last.then(save); }, wait);
  }

  form.addEventListener('focusin', () => session.prepare());
  form.addEventListener('input', () => later(pause));
  form.addEventListener('submit', event => {
    event.preventDefault();
    later(0);
  });
})();
