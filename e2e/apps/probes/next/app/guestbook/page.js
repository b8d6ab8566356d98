// Server actions in all ways that a page can run them: by a form of the server, by a form of a
// client component, by an upload that redirects, and by a call.
import Link from 'next/link';
import { all, sign, upload } from './actions';
import { Said, Vote } from './client';

export const dynamic = 'force-dynamic';

export default async function Page() {
  return (
    <main>
      <ul id="entries">{(await all()).map((entry, i) => <li key={i}>{entry}</li>)}</ul>
      <form action={sign}>
        <input name="name" id="name" autoComplete="off" />
        <button id="sign">Sign</button>
      </form>
      <Said />
      <form action={upload}>
        <input type="file" name="file" id="file" />
        <button id="upload">Upload</button>
      </form>
      <Vote />
      <Link href="/guestbook/more" id="more">More</Link>
    </main>
  );
}
