import { html } from '../html.js';
import { t, word } from '../core/words.js';
import { may } from '../core/session.js';
import { Id } from './Id.js';
import { Text } from './Text.js';
import { Time } from './Time.js';

/** The columns of lists of review items. @returns {import('./Table.js').Column[]} */
export function itemColumns() {
  return [
    { label: t('col.time'), cell: (row) => html`<${Time} at=${row.at} />` },
    { label: t('col.queue'), cell: (row) => html`<${Text} of=${word('queue', row.queue)} />` },
    { label: t('col.source'), cell: (row) => html`<${Text} of=${word('source', row.source)} />` },
    { label: t('col.rule'), wide: true, cell: (row) => html`<${Text} of=${row.rule ?? '–'} />` },
    { label: t('col.state'), cell: (row) => html`<${Text} of=${word('state', row.state)} />` },
    { label: t('col.outcome'), cell: (row) => html`<${Text} of=${row.outcome ? word('outcome', row.outcome) : '–'} />` },
    { label: t('col.item'), head: true, cell: (row) => html`<${Id} of=${row.item} to=${may('judge') ? ['review', row.item] : undefined} />` },
  ];
}
