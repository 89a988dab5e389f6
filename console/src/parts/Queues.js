import { html } from '../html.js';
import { number } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Empty } from './Notice.js';
import { Table } from './Table.js';
import { Text } from './Text.js';
import { Time } from './Time.js';
import { To } from './Id.js';

/** Queues with how much waits and since when. @param {{ rows: any[], links?: boolean }} props */
export function Queues({ rows, links }) {
  const waiting = rows.filter((row) => row.state !== 'settled');
  if (waiting.length === 0) return html`<${Empty}>${t('queue.none')}<//>`;
  const name = (row) => html`<${Text} of=${word('queue', row.queue)} />`;
  return html`<${Table} caption=${t('overview.queues')} rows=${waiting} id=${(row) => row.queue + row.state} columns=${[
    { label: t('col.queue'), head: true, cell: (row) =>
      links ? html`<${To} to=${['review']} params=${{ queue: row.queue, state: row.state }}>${name(row)}<//>` : name(row) },
    { label: t('col.state'), cell: (row) => html`<${Text} of=${word('state', row.state)} />` },
    { label: t('col.items'), num: true, cell: (row) => number(row.items) },
    { label: t('col.oldest'), num: true, cell: (row) => html`<${Time} at=${row.oldest_at} how="ago" />` },
  ]} />`;
}
