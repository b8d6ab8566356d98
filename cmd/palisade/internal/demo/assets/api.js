// How a page's script submits JSON: it asks the guard for the headers of one
// request, and answers when the guard asks back.
'use strict';
(() => {
  const form = document.querySelector('form[data-json]');
  const button = form.querySelector('button');
  const says = document.getElementById('answer');
  let asked = null; // the last answer, when it holds a challenge

  async function send(note) {
    const headers = await (asked ? palisade.answer(asked) : palisade.headers('api'));
    const answer = await fetch(form.action, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
      body: JSON.stringify(note),
    });
    const body = await answer.json();
    asked = body.challenge ? body : null;
    return { status: answer.status, body };
  }

  form.addEventListener('submit', async event => {
    event.preventDefault();
    const note = { message: form.elements.message.value };
    button.disabled = true;
    says.textContent = 'Sending…';
    try {
      let answer = await send(note);
      if (answer.status === 403 && asked) {
        says.textContent = 'The guard asks for more. This takes a few seconds…';
        answer = await send(note);
      }
      const { status, body } = answer;
      if (status === 201) form.reset();
      says.textContent = status === 201 ? `${status}: accepted.` : `${status}: ${Object.values(body.errors ?? {})[0] ?? body.title}`;
    } catch (error) {
      says.textContent = `Not sent: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  });
})();
