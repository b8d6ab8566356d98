'use server';

import { revalidatePath } from 'next/cache';
import { redirect } from 'next/navigation';

// In memory: each test starts a server of its own.
const entries = (globalThis.guestbook ??= []);

export async function all() {
  return entries;
}

export async function sign(form) {
  entries.push(form.get('name'));
  revalidatePath('/guestbook');
}

export async function signAndSay(previous, form) {
  entries.push(form.get('name'));
  return `Thank you, ${form.get('name')}`;
}

export async function upload(form) {
  const file = form.get('file');
  entries.push(`${file.name} of ${file.size}`);
  redirect('/guestbook/more');
}

export async function vote(choice, times) {
  entries.push(`${choice} ${times}`);
  return entries.length;
}
