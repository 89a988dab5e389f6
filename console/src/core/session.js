import { store } from '../lib/store.js';
import { prefs } from './prefs.js';

/**
 * Who is signed in.
 *
 * @typedef {{ user: { id: string, name: string, role: string }, permissions: string[], csrf: string,
 *   idle_s: number, ends_at: string, confirmed_until: string|null, must_change: boolean, has_password: boolean }} Session
 * @type {ReturnType<typeof store<Session|null|undefined>>} undefined: not known yet; null: nobody
 */
export const session = store(undefined);

/** @param {string} permission @returns {boolean} */
export function may(permission) {
  return session.get()?.permissions.includes(permission) ?? false;
}

/** Whether severe texts start covered, unless the person likes it otherwise. */
export function blurred() {
  return prefs.get().blur ?? true;
}
