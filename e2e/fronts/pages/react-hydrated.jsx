import {useState} from 'react';

export const hydrated = true; // the server writes the form, and React takes it over

export default function App() {
  const [sent, setSent] = useState(0);
  async function send(event) {
    event.preventDefault();
    await fetch('/send', {method: 'POST', body: new FormData(event.target)});
    setSent(n => n + 1);
  }
  return (
    <form method="post" action="/send" onSubmit={send}>
      <label>Name <input name="name" autoComplete="off" /></label>
      <button id="send">Send</button><output>{sent}</output>
    </form>
  );
}
