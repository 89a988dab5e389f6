import { html } from '../html.js';
import { lang, t, word } from './words.js';
import { en } from '../words/en.js';
import { SHOWN, Text } from '../parts/Text.js';

/** @param {import('./api.js').ApiError|Error} error @returns {string} what it is, in the language of the page */
export function faultTitle(error) {
  const status = error.status ?? 0;
  if (`fault.${error.code}` in en) return word('fault', error.code);
  if (`fault.${status}` in en) return word('fault', String(status));
  return t('fault.other');
}

/**
 * What the gate says, which is English; in another language, or where it says nothing, a title of ours stands first.
 * @param {any} error @returns {any}
 */
export function faultWords(error) {
  if (lang() === 'en' && error.message && !error.after) return html`<span class="cap"><${Text} of=${error.message} limit=${SHOWN} /></span>`;
  const after = error.after ? ' ' + t('fault.after', { n: error.after }) : '';
  return html`<span><b>${faultTitle(error)}</b>${error.message && html` <${Text} of=${error.message} limit=${SHOWN} />`}${after}</span>`;
}
