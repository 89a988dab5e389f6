import { html } from '../html.js';
import { t, word } from './words.js';
import { en } from '../words/en.js';
import { Text } from '../parts/Text.js';

/** @param {import('./api.js').ApiError|Error} error @returns {string} what it is, in the language of the page */
export function faultTitle(error) {
  const status = error.status ?? 0;
  if (`fault.${error.code}` in en) return word('fault', error.code);
  if (`fault.${status}` in en) return word('fault', String(status));
  return t('fault.other');
}

/** @param {any} error @returns {any} title, then what the gate says about it */
export function faultWords(error) {
  const after = error.after ? ' ' + t('fault.after', { n: error.after }) : '';
  return html`<span><b>${faultTitle(error)}</b>${error.message && html` <${Text} of=${error.message} />`}${after}</span>`;
}
