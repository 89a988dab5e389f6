import { html } from '../html.js';
import { t } from '../core/words.js';
import { Empty, Fault } from './Notice.js';

/**
 * @typedef {{ label: string, cell: (row: any) => any, num?: boolean, head?: boolean, wide?: boolean }} Column
 *   `head`: names the row
 */

/**
 * A table that can be scrolled by keyboard where it is too wide.
 * @param {{ caption: string, columns: Column[], rows: any[], id: (row: any, at: number) => string,
 *   mark?: (row: any) => string, showCaption?: boolean }} props
 */
export function Table({ caption, columns, rows, id, mark, showCaption = false }) {
  const kind = (column) => [column.num && 'num', column.wide && 'wide'].filter(Boolean).join(' ') || undefined;
  return html`<div class="scroll" role="region" tabindex="0" aria-label=${caption}>
    <table>
      <caption class=${showCaption ? undefined : 'away'}>${caption}</caption>
      <thead><tr>${columns.map((c) => html`<th scope="col" class=${kind(c)}>${c.label}</th>`)}</tr></thead>
      <tbody>${rows.map(
        (row, at) => html`<tr key=${id(row, at)} class=${mark?.(row)}>${columns.map((c) =>
          c.head
            ? html`<th scope="row" class=${kind(c)}>${c.cell(row)}</th>`
            : html`<td class=${kind(c)}>${c.cell(row)}</td>`,
        )}</tr>`,
      )}</tbody>
    </table>
  </div>`;
}

/**
 * A list that is loaded in pages, as a table.
 * @param {{ of: ReturnType<typeof import('../core/hooks.js').usePages>, empty: any } & Parameters<typeof Table>[0]} props
 */
export function Paged({ of, empty, ...table }) {
  return html`
    ${of.error && html`<${Fault} error=${of.error} again=${of.reload} />`}
    ${of.rows && of.rows.length > 0 && html`<${Table} ...${table} rows=${of.rows} />`}
    ${of.rows?.length === 0 && html`<${Empty}>${empty}<//>`}
    ${of.loading && html`<p class="loading" role="status" aria-busy="true">${t('do.loading')}</p>`}
    ${of.next && !of.loading && html`<p class="more">
      <button type="button" onClick=${of.more}>${t('do.more')}</button></p>`}
  `;
}
