import { store } from '../lib/store.js';

/**
 * What a person likes, kept in this browser alone.
 * @typedef {{ lang: string|null, blur: boolean|null, keys: boolean, advance: boolean }} Prefs
 */

const NAME = 'tidegate.prefs';

/** @type {Prefs} null: as the browser or the gate has it */
const defaults = { lang: null, blur: null, keys: true, advance: true };

function read() {
  try {
    return { ...defaults, ...JSON.parse(localStorage.getItem(NAME) ?? '{}') };
  } catch {
    return defaults; // no storage, or not ours
  }
}

export const prefs = store(read());

/** @param {Partial<Prefs>} change */
export function prefer(change) {
  prefs.set({ ...prefs.get(), ...change });
  try {
    localStorage.setItem(NAME, JSON.stringify(prefs.get()));
  } catch {
    // a browser that keeps nothing: it holds until the page is closed
  }
}
