import { store } from '../lib/store.js';
import { address, place } from '../lib/query.js';

/** Where one is: the part of the address after `#`. */
export const route = store(place(location.hash));

addEventListener('hashchange', () => route.set(place(location.hash)));

/** @param {string[]} path @param {object} [params] */
export function go(path, params) {
  location.hash = address(path, params);
}

/** Changes the address without a new step in the history. @param {string[]} path @param {object} [params] */
export function swap(path, params) {
  history.replaceState(null, '', address(path, params));
  route.set(place(location.hash));
}
