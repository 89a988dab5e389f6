import { html } from '../html.js';
import { Text } from './Text.js';
import { Icon } from './Icon.js';
import { word } from '../core/words.js';

/** What is wrong in files. @param {{ of: { code: string, message: string, file?: string, line?: number, severity: string }[] }} props */
export function Diagnostics({ of }) {
  return html`<ul class="diagnostics">${of.map(
    (one) => html`<li class=${one.severity === 'error' ? 'is-error' : 'is-warning'}>
      <${Icon} name="warn" />
      <div><b>${word('severity', one.severity)}</b> <code><${Text} of=${one.code} /></code>${' '}
        ${one.file && html`<code><${Text} of=${one.file} />${one.line ? ':' + one.line : ''}</code>`}
        ${!one.file && one.line ? html`<code>:${one.line}</code>` : ''}
        <${Text} of=${one.message} block /></div>
    </li>`,
  )}</ul>`;
}
