import { store } from '../lib/store.js';

/** What just happened, said in a corner and to screen readers. */

/** The most at a time; the oldest go. */
const MOST = 3;

/** How long one stays, in milliseconds, unless it is a fault. */
const STAYS = 7000;

/** @type {ReturnType<typeof store<{ id: number, says: any, bad: boolean, topic?: string }[]>>} */
export const toasts = store([]);
let last = 0;

/** @param {number} id */
export function drop(id) {
  toasts.set((old) => old.filter((one) => one.id !== id));
}

/** @param {any} says a text of ours, or elements @param {boolean} [bad] @param {string} [topic] takes the place of what was said of it */
export function toast(says, bad = false, topic = undefined) {
  last += 1;
  const id = last;
  toasts.set((old) => [...old.filter((one) => !topic || one.topic !== topic), { id, says, bad, topic }].slice(-MOST));
  setTimeout(() => drop(id), bad ? 2 * STAYS : STAYS);
}
