import {useState} from 'react';

export default function App() {
  const [name, setName] = useState(''), [sent, setSent] = useState(0);
  async function send(event) {
    event.preventDefault();
    await fetch('/send', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({name})});
    setSent(n => n + 1);
  }
  return (
    <form onSubmit={send}>
      <label>Name <input name="name" value={name} onChange={e => setName(e.target.value)} autoComplete="off" /></label>
      <button id="send">Send</button><output>{sent}</output>
    </form>
  );
}
