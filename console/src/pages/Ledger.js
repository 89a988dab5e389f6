import { html } from '../html.js';
import { useEffect, useState } from 'preact/hooks';
import { instant, local } from '../lib/query.js';
import { get } from '../core/api.js';
import { go, route } from '../core/route.js';
import { useAct, usePages, useStore } from '../core/hooks.js';
import { number } from '../core/format.js';
import { known, t, word } from '../core/words.js';
import { Head } from '../parts/Head.js';
import { Input, Select } from '../parts/Field.js';
import { Notice } from '../parts/Notice.js';
import { Paged } from '../parts/Table.js';
import { Text, nameOf } from '../parts/Text.js';
import { Time } from '../parts/Time.js';

const NAMES = ['actor', 'act', 'object', 'since', 'until'];

/** The acts that can be chosen; one that the address names is among them. */
function actOptions(chosen) {
  const all = known('act');
  const more = chosen && !all.includes(chosen) ? [chosen] : [];
  return [['', t('do.any')], ...[...all, ...more].map((act) => [act, nameOf(word('act', act))])];
}

function Filter({ value }) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [JSON.stringify(value)]);
  const set = (name) => (now) => setDraft((old) => ({ ...old, [name]: now }));
  const submit = (event) => {
    event.preventDefault();
    go(['ledger'], draft);
  };
  return html`<form class="filter" role="search" aria-label=${t('do.filter')} onSubmit=${submit}>
    <${Input} label=${t('col.who')} value=${draft.actor} onInput=${set('actor')} />
    <${Select} label=${t('ledger.act')} value=${draft.act} onInput=${set('act')} options=${actOptions(draft.act)} />
    <${Input} label=${t('ledger.object')} value=${draft.object} onInput=${set('object')} spellcheck="false" />
    <${Input} label=${t('filter.since')} type="datetime-local" value=${local(draft.since)} onInput=${(v) => set('since')(instant(v))} />
    <${Input} label=${t('filter.until')} type="datetime-local" value=${local(draft.until)} onInput=${(v) => set('until')(instant(v))} />
    <div class="filter-do"><button type="submit" class="main">${t('do.filter')}</button>
      <button type="button" onClick=${() => go(['ledger'])}>${t('do.clear')}</button></div>
  </form>`;
}

function Verified({ of }) {
  const faults = of.faults ?? [];
  const whole = faults.length === 0;
  return html`<${Notice} kind=${whole ? 'good' : 'bad'} role="status">
    <b>${whole ? t('ledger.whole') : t('ledger.broken', { n: faults.length })}</b>
    <p>${t('ledger.lines', { n: of.lines })} ${t('ledger.erased', { n: of.erased })} ${of.signed ? t('ledger.signed') : t('ledger.not_signed', { n: of.unsigned ?? of.lines })}</p>
    <p>${t('ledger.head')} <code><${Text} of=${of.head} /></code></p>
    ${!whole && html`<ul>${faults.map((one) => html`<li><${Text} of=${one} /></li>`)}</ul>`}<//>`;
}

/** Detail of a line as it was written, or that it is gone. */
function Detail({ row }) {
  const of = row.detail;
  if (of === null || of === undefined) return html`<span class="quiet">${row.erased === false ? '–' : t('ledger.gone')}</span>`;
  const text = typeof of === 'string' ? of : JSON.stringify(of, (_, value) => value ?? undefined);
  if (text === '{}') return null;
  return html`<code><${Text} of=${text} limit=${160} /></code>`;
}

/** Everything that people did, and whether the chain of it is whole. */
export function Ledger() {
  const { params } = useStore(route);
  const filter = Object.fromEntries(NAMES.map((name) => [name, params[name] ?? '']));
  const list = usePages('/ledger', filter);
  const [result, setResult] = useState(null);
  const [verify, busy] = useAct(async () => setResult(await get('/ledger/verify')));
  return html`<${Head} title=${t('nav.ledger')} says=${t('ledger.says')}>
      <button type="button" class="main" disabled=${busy} onClick=${verify}>${busy ? t('ledger.verifying') : t('ledger.verify')}</button><//>
    ${result && html`<${Verified} of=${result} />`}
    <${Filter} value=${filter} />
    <${Paged} of=${list} caption=${t('nav.ledger')} id=${(row) => row.seq} empty=${t('ledger.none')} columns=${[
      { label: t('ledger.seq'), num: true, head: true, cell: (row) => number(row.seq) },
      { label: t('col.time'), cell: (row) => html`<${Time} at=${row.at} how="full" />` },
      { label: t('col.who'), cell: (row) => html`<${Text} of=${row.actor} />` },
      { label: t('ledger.act'), cell: (row) => html`<${Text} of=${word('act', row.act)} />` },
      { label: t('ledger.object'), cell: (row) => html`<code><${Text} of=${row.object} /></code>` },
      { label: t('ledger.detail'), wide: true, cell: (row) => html`<${Detail} row=${row} />` },
    ]} />`;
}
