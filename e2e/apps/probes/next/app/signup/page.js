// A form whose server action is the effect.
import { appendFileSync } from 'node:fs';

async function signUp() {
  'use server';
  appendFileSync(process.env.PROBE_FILE, '1');
}

export default function Page() {
  return (
    <form action={signUp}>
      <input name="user" />
      <button>Go</button>
    </form>
  );
}
