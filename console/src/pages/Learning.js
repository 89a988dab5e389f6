import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { call } from '../core/api.js';
import { may } from '../core/session.js';
import { useAct, useLoad } from '../core/hooks.js';
import { toast } from '../core/toast.js';
import { number, percent } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Sure } from '../parts/Dialog.js';
import { Head } from '../parts/Head.js';
import { To } from '../parts/Id.js';
import { Empty, Loaded } from '../parts/Notice.js';
import { Table } from '../parts/Table.js';
import { Text } from '../parts/Text.js';
import { Time } from '../parts/Time.js';
import { Evidence, Bounds } from '../parts/Bounds.js';

function Reset({ row, onDone }) {
  const [ask, setAsk] = useState(false);
  const [reset, busy] = useAct(async () => {
    await call('POST', '/adapt/reset', { policy: row.policy, rule: row.rule });
    setAsk(false);
    toast(t('adapt.was_reset'));
    onDone();
  });
  return html`<button type="button" onClick=${() => setAsk(true)}>${t('adapt.reset')}</button>
    ${ask && html`<${Sure} title=${t('adapt.reset')} says=${html`<${Text} of=${row.rule} />: ${t('adapt.reset_says', { to: number(row.written, 3) })}`}
      act=${t('adapt.reset')} busy=${busy} onDo=${reset} onClose=${() => setAsk(false)} />`}`;
}

/** What a threshold is to come to. */
function target(row) {
  const known = ['precision', 'false_positive_rate'].includes(row.target_is);
  return known ? t(`adapt.target.${row.target_is}`, { n: percent(row.target) }) : html`<${Text} of=${row.target ?? '–'} />`;
}

function columns(reload) {
  const out = [
    { label: t('col.rule'), head: true, wide: true, cell: (row) => html`<${To} to=${['policies', row.policy]} params=${{ rule: row.rule }}>
      <${Text} of=${row.rule} /><//><div class="quiet"><${Text} of=${row.policy} /> · <${Text} of=${word('category', row.category ?? '')} /></div>` },
    { label: t('col.state'), cell: (row) => html`<span class=${'tag is-' + row.state}>${word('adapt.state', row.state)}</span>` },
    { label: t('adapt.threshold'), cell: (row) => html`<${Bounds} of=${row} />` },
    { label: t('adapt.target'), num: true, cell: target },
    { label: t('adapt.why'), wide: true, cell: (row) => html`<${Text} of=${word('adapt.reason', row.reason ?? '')} /> <${Evidence} of=${row.evidence} />` },
    { label: t('adapt.changed'), cell: (row) => html`<${Time} at=${row.changed_at} how="ago" />` },
  ];
  const reset = { label: t('col.do'), cell: (row) => (row.threshold === row.written ? '' : html`<${Reset} row=${row} onDone=${reload} />`) };
  return may('edit') ? [...out, reset] : out;
}

/** What the gate learned from judgements, within the bounds that the policy names. */
export function Learning() {
  const load = useLoad('/adapt');
  return html`<${Head} title=${t('nav.learning')} says=${t('adapt.says')} />
    <${Loaded} of=${load}>${(of) => html`
      ${of.rows.length > 0
        ? html`<${Table} caption=${t('adapt.thresholds')} rows=${of.rows} columns=${columns(load.reload)} id=${(row) => row.policy + row.rule} />`
        : html`<${Empty}>${t('adapt.none')}<//>`}
      <section class="card"><h2>${t('adapt.changes')}</h2>${of.changes.length > 0
        ? html`<${Table} caption=${t('adapt.changes')} rows=${of.changes} id=${(row, at) => row.at + at} columns=${[
            { label: t('col.time'), cell: (row) => html`<${Time} at=${row.at} how="full" />` },
            { label: t('col.rule'), head: true, wide: true, cell: (row) => html`<${Text} of=${row.rule} /> <span class="quiet"><${Text} of=${row.policy} />${row.by && html` · <${Text} of=${row.by} />`}</span>
              ${row.shadow && html` <span class="tag">${t('policy.shadow')}</span>`}` },
            { label: t('adapt.from'), num: true, cell: (row) => number(row.from, 3) },
            { label: t('adapt.to'), num: true, cell: (row) => html`${number(row.to, 3)} <span aria-hidden="true">${row.to > row.from ? '↑' : '↓'}</span>` },
            { label: t('adapt.evidence'), wide: true, cell: (row) => html`<${Evidence} of=${row.evidence} />` },
          ]} />`
        : html`<${Empty}>${t('adapt.no_changes')}<//>`}</section>`}<//>`;
}
