import { html } from '../html.js';
import { t, word } from '../core/words.js';
import { may } from '../core/session.js';
import { Id } from './Id.js';
import { Text } from './Text.js';
import { Time } from './Time.js';

/** What somebody said of a decision: the mark, the label or the kind. */
function Opinion({ row }) {
  if (row.rating !== null && row.rating !== undefined) {
    return html`<b>${row.rating}</b> <span class="quiet">${t('feedback.of', { n: row.scale })}</span>`;
  }
  if (row.thumbs) return word('thumbs', row.thumbs);
  if (row.label) return html`<${Text} of=${word('label', row.label)} />`;
  return html`<${Text} of=${word('kind', row.kind)} />`;
}

/** The columns of lists of feedback. @returns {(import('./Table.js').Column & { decision?: boolean })[]} */
export function feedbackColumns() {
  const comment = { label: t('col.comment'), wide: true, cell: (row) => html`<${Text} of=${row.comment ?? ''} limit=${200} />` };
  return [
    { label: t('col.time'), cell: (row) => html`<${Time} at=${row.at} />` },
    { label: t('col.kind'), cell: (row) => html`<${Text} of=${word('kind', row.kind)} />` },
    { label: t('col.says'), head: true, cell: (row) => html`<${Opinion} row=${row} />` },
    { label: t('col.category'), cell: (row) => html`<${Text} of=${word('category', row.category ?? '')} />` },
    ...(may('read') ? [comment] : []),
    { label: t('col.route'), cell: (row) => html`<${Text} of=${row.route} />` },
    { label: t('col.outcome'), cell: (row) =>
      row.outcome ? html`<${Text} of=${word('outcome', row.outcome)} />` : html`<${Text} of=${word('state', row.state ?? 'none')} />` },
    { label: t('col.item'), cell: (row) => row.item && html`<${Id} of=${row.item} to=${may('judge') ? ['review', row.item] : undefined} />` },
    { label: t('col.decision'), decision: true, cell: (row) => html`<${Id} of=${row.decision} to=${['decisions', row.decision]} />` },
  ];
}
