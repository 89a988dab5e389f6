import { html } from '../html.js';
import { faultWords } from '../core/faults.js';
import { t } from '../core/words.js';
import { Icon } from './Icon.js';

/** A calm line about something. @param {{ kind?: 'plain'|'warn'|'bad'|'good', children: any, role?: string }} props */
export function Notice({ kind = 'plain', children, role }) {
  const icon = { plain: 'other', warn: 'warn', bad: 'warn', good: 'allow' }[kind];
  return html`<div class=${'notice is-' + kind} role=${role}><${Icon} name=${icon} /><div>${children}</div></div>`;
}

/** @param {{ error: any, again?: () => void, says?: string }} props `says`: instead of what the gate says */
export function Fault({ error, again, says }) {
  const lasting = [403, 404].includes(error.status);
  return html`<${Notice} kind="bad" role="alert">${says ?? faultWords(error)}${' '}
    ${again && !lasting && html`<button type="button" class="link" onClick=${again}>${t('do.again')}</button>`}
  <//>`;
}

/** Nothing here, and why that may be. @param {{ children: any }} props */
export function Empty({ children }) {
  return html`<p class="empty">${children}</p>`;
}

/**
 * What was loaded, or why it was not.
 * @param {{ of: { data: any, error: any, loading: boolean, reload: () => void }, children: (data: any) => any }} props
 */
export function Loaded({ of, children }) {
  const fault = of.error && html`<${Fault} error=${of.error} again=${of.reload} />`;
  if (of.data) return html`${fault}${children(of.data)}`;
  return fault || html`<p class="loading" role="status" aria-busy="true">${t('do.loading')}</p>`;
}
