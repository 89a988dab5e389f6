import { html } from '../html.js';
import { number } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Deed } from './Action.js';
import { To } from './Id.js';
import { Text, nameOf } from './Text.js';
import { Time } from './Time.js';

/** The rule of a row, which leads to its policy. */
export function Rule({ row }) {
  if (!row.rule) return html`<span class="quiet">–</span>`;
  return html`<${To} to=${['policies', row.policy]} params=${{ rule: row.rule }}><${Text} of=${row.rule} /><//>`;
}

/** The columns of lists of decisions. @returns {import('./Table.js').Column[]} */
export function decisionColumns() {
  return [
    { label: t('col.time'), head: true, cell: (row) => html`<${To} to=${['decisions', row.decision]} title=${nameOf(row.decision)}>
      <${Time} at=${row.at} /><//>` },
    { label: t('col.action'), cell: (row) => html`<${Deed} row=${row} />` },
    { label: t('col.rule'), wide: true, cell: (row) => html`<${Rule} row=${row} />` },
    { label: t('col.category'), cell: (row) => html`<${Text} of=${word('category', row.category ?? '')} />` },
    { label: t('col.score'), num: true, cell: (row) => number(row.score, 2) },
    { label: t('col.phase'), cell: (row) => word('phase', row.phase) },
    { label: t('col.policy'), cell: (row) => html`<${Text} of=${row.policy} />` },
    { label: t('col.route'), cell: (row) => html`<${Text} of=${row.route} />` },
    { label: t('col.model'), cell: (row) => html`<${Text} of=${row.model} limit=${24} />` },
  ];
}
