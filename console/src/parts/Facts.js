import { html } from '../html.js';
import { number } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Deed } from './Action.js';
import { Text } from './Text.js';
import { Time } from './Time.js';
import { To } from './Id.js';
import { Rule } from './decisionColumns.js';

/** What a decision was. @param {{ row: any }} props */
export function Facts({ row }) {
  const fact = (label, value) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  return html`<dl class="facts">
    ${fact(t('col.action'), html`<${Deed} row=${row} />`)}
    ${fact(t('col.rule'), html`<${Rule} row=${row} />`)}
    ${fact(t('col.category'), html`<${Text} of=${word('category', row.category ?? '') || '–'} />`)}
    ${fact(t('col.score'), number(row.score, 3))}
    ${fact(t('col.phase'), word('phase', row.phase))}
    ${fact(t('col.time'), html`<${Time} at=${row.at} how="full" />`)}
    ${fact(t('col.route'), html`<${Text} of=${row.route} />`)}
    ${fact(t('col.model'), html`<${Text} of=${row.model || '–'} />`)}
    ${fact(t('col.policy'), html`<${To} to=${['policies', row.policy]}><${Text} of=${row.policy} /><//>`)}
    ${fact(t('col.revision'), html`<code><${Text} of=${row.revision} /></code>`)}
    ${fact(t('col.request'), html`<code><${Text} of=${row.request} /></code>`)}
  </dl>`;
}
