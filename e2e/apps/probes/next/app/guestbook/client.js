'use client';

import { useActionState, useState, useTransition } from 'react';
import { signAndSay, vote } from './actions';

export function Said() {
  const [said, action, pending] = useActionState(signAndSay, '');
  return (
    <form action={action}>
      <input name="name" id="said-name" autoComplete="off" />
      <button id="say" disabled={pending}>Say</button>
      <output id="said">{said}</output>
    </form>
  );
}

export function Vote() {
  const [votes, setVotes] = useState(0);
  const [, start] = useTransition();
  return (
    <p>
      <button id="vote" onClick={() => start(async () => setVotes(await vote('tea', 2)))}>Vote</button>
      <output id="votes">{votes}</output>
    </p>
  );
}
