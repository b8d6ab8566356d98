// A page that the browser also reaches without loading it.
import { sign } from '../actions';
import Link from 'next/link';

export default function Page() {
  return (
    <form action={sign}>
      <input name="name" id="more-name" autoComplete="off" />
      <button id="sign-more">Sign</button>
      <Link href="/guestbook" id="back">Back</Link>
    </form>
  );
}
