import { html } from '../html.js';
import { t, word } from '../core/words.js';
import { Icon } from './Icon.js';
import { Marked, Summary } from './Marked.js';
import { Text } from './Text.js';

function Missing({ of }) {
  if (of.sha256) return html`<p class="quiet">${t('passage.hashed')} <code><${Text} of=${of.sha256} /></code></p>`;
  return html`<p class="quiet">${of.withheld ? t('passage.withheld') : t('passage.none')}</p>`;
}

function Passage({ of, cover }) {
  const findings = of.findings ?? [];
  return html`<li class=${'passage is-' + (['system', 'user', 'assistant', 'tool'].includes(of.author) ? of.author : 'other')}>
    <p class="passage-head"><b><${Text} of=${word('author', of.author ?? '')} /></b>
      ${of.at && html`<code><${Text} of=${of.at} /></code>`}<span class="quiet">${t('passage.bytes', { n: of.bytes ?? 0 })}</span>
      ${of.cut && html`<span class="tag">${t('passage.cut')}</span>`}
      <${Summary} findings=${findings} /></p>
    ${typeof of.text === 'string'
      ? html`<${Marked} text=${of.text} findings=${findings} cover=${cover} />`
      : html`<${Missing} of=${of} />`}
  </li>`;
}

/**
 * What was said, by whom, with what was found in it.
 * @param {{ of: any[], cover?: boolean }} props `cover`: the words at the findings are left out, and where nothing says
 *   which words it is about, all of them
 */
export function Passages({ of, cover = false }) {
  if (!of?.length) return html`<p class="empty">${t('passage.no')}</p>`;
  const placed = of.some((one) => one.findings?.length > 0);
  return html`<ol class="passages">${of.map(
    (one, at) => html`<${Passage} key=${at} of=${one} cover=${cover && (!placed || one.findings?.length > 0)} />`,
  )}</ol>`;
}

/**
 * The line above covered texts, with the button that uncovers them.
 * @param {{ passages: any[], category?: string, onShow: () => void, keyed?: boolean }} props `keyed`: the key x does it too
 */
export function CoverNote({ passages, category, onShow, keyed }) {
  const findings = passages.flatMap((one) => one.findings ?? []);
  return html`<div class="notice is-warn cover-note"><${Icon} name="warn" /><div>
    <b>${t('cover.title')}</b> ${findings.length > 0
      ? html`<${Summary} findings=${findings} />`
      : html`<span class="tag"><${Text} of=${word('category', category ?? '') || t('cover.severe')} /></span>`}
    <p>${t('cover.says')}</p></div>
    <button type="button" onClick=${onShow}>${t('cover.show')}${keyed && html` <kbd>x</kbd>`}</button>
  </div>`;
}
