import { html } from '../html.js';
import { t, word } from '../core/words.js';
import { Text } from './Text.js';
import { Icon } from './Icon.js';

/** The actions from the mildest to the strictest. */
export const ACTIONS = ['allow', 'tag', 'redact', 'respond', 'review', 'block'];

/** What was done: an icon, a word and a colour. @param {{ of: string }} props */
export function Action({ of }) {
  const known = ACTIONS.includes(of) ? of : 'other';
  return html`<span class=${'action is-' + known}><${Icon} name=${known} /><${Text} of=${word('action', of)} /></span>`;
}

/**
 * The action of a decision. What a rule on trial would have done let the text pass; what could not be screened names
 * what was done about that.
 * @param {{ row: any }} props
 */
export function Deed({ row }) {
  if (row.would_have) {
    return html`<${Action} of="allow" /><span class="would">${t('action.would')} <${Action} of=${row.would_be} /></span>`;
  }
  if (ACTIONS.includes(row.action)) return html`<${Action} of=${row.action} />`;
  return html`<${Action} of=${row.action} /><span class="would"><${Action} of=${row.would_be} /></span>`;
}
