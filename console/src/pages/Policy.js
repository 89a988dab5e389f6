import { html } from '../html.js';
import { useEffect, useState } from 'preact/hooks';
import { route } from '../core/route.js';
import { may } from '../core/session.js';
import { useLoad, useStore } from '../core/hooks.js';
import { number } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Action } from '../parts/Action.js';
import { Code } from '../parts/Code.js';
import { Check, Input } from '../parts/Field.js';
import { Head } from '../parts/Head.js';
import { To } from '../parts/Id.js';
import { Empty, Loaded } from '../parts/Notice.js';
import { Rate } from '../parts/Rate.js';
import { Table } from '../parts/Table.js';
import { Text } from '../parts/Text.js';
import { Time } from '../parts/Time.js';

function ruleColumns(policy) {
  return [
    { label: t('col.rule'), head: true, wide: true, cell: (row) => html`<${Text} of=${row.id} />
      ${!row.enforced && html` <span class="tag">${row.on === false ? t('policy.off') : t('policy.shadow')}</span>`}` },
    { label: t('col.action'), cell: (row) => {
      if (row.action) return html`<${Action} of=${row.action} />`;
      return typeof row.score === 'number' ? t('policy.score', { n: row.score }) : '–';
    } },
    { label: t('col.category'), cell: (row) => html`<${Text} of=${word('category', row.category ?? '')} />` },
    { label: t('col.severity'), cell: (row) => html`<${Text} of=${word('level', row.severity ?? '')} />` },
    { label: t('col.detect'), wide: true, cell: (row) => html`<${Text} of=${row.detect} limit=${80} />` },
    { label: t('col.hits'), num: true, cell: (row) =>
      row.hits > 0 ? html`<${To} to=${['decisions']} params=${{ policy, rule: row.id }}>${number(row.hits)}<//>` : number(row.hits) },
    { label: t('col.judged'), num: true, cell: (row) => number(row.judged) },
    { label: t('col.overturned'), cell: (row) => html`<${Rate} of=${row.overturn_rate} />` },
  ];
}

function Rules({ of, chosen }) {
  const [search, setSearch] = useState('');
  const [used, setUsed] = useState(false);
  useEffect(() => document.querySelector('tr.is-chosen')?.scrollIntoView({ block: 'center' }), [chosen]);
  const wanted = (row) =>
    [row.id, row.category, row.detect].join(' ').toLowerCase().includes(search.trim().toLowerCase()) && (!used || row.hits > 0);
  const rows = of.rules.filter(wanted);
  return html`<section class="card"><h2>${t('col.rules')} <span class="quiet">${number(of.rules.length)}</span></h2>
    <form class="filter" role="search" aria-label=${t('policy.search')} onSubmit=${(event) => event.preventDefault()}>
      <${Input} label=${t('policy.search')} type="search" value=${search} onInput=${setSearch} />
      <${Check} label=${t('policy.used')} checked=${used} onInput=${setUsed} /></form>
    ${rows.length > 0
      ? html`<${Table} caption=${t('col.rules')} rows=${rows} columns=${ruleColumns(of.name)} id=${(row) => row.id}
          mark=${(row) => (row.id === chosen ? 'is-chosen' : undefined)} />`
      : html`<${Empty}>${t('policy.no_rules')}<//>`}
  </section>`;
}

/** What is said about the lines of one file, by line. */
function marksOf(file, diagnostics) {
  const own = diagnostics.filter((one) => one.line && one.file && (one.file === file.path || one.file.endsWith('/' + file.path)));
  return Object.fromEntries(own.map((one) => [one.line, `${one.code} ${one.message}`]));
}

function Files({ of, diagnostics }) {
  return html`<section class="card"><h2>${t('policy.files')}</h2>${of.map(
    (file, at) => html`<details open=${at === 0}><summary><code><${Text} of=${file.path} /></code></summary>
      <${Code} text=${file.text} label=${t('policy.file')} marks=${marksOf(file, diagnostics)} /></details>`,
  )}</section>`;
}

/** One policy: its rules with what they did, its files, its past. @param {{ id: string }} props */
export function Policy({ id }) {
  const { params } = useStore(route);
  const load = useLoad(`/policies/${encodeURIComponent(id)}`);
  const all = useLoad('/policies');
  return html`<${Head} title=${t('policy.title')} says=${html`<b><${Text} of=${id} /></b>
      ${load.data && html` · <code><${Text} of=${load.data.revision} /></code> · <${Text} of=${word('enforcement', load.data.enforcement)} />`}`}>
      ${may('read') && html`<${To} to=${['playground']} params=${{ policy: id }} class="button">${t('policy.try')}<//>`}
      <${To} to=${['decisions']} params=${{ policy: id }} class="button">${t('nav.decisions')}<//><//>
    <${Loaded} of=${load}>${(of) => html`
      <${Rules} of=${of} chosen=${params.rule} />
      ${of.files?.length > 0 && html`<${Files} of=${of.files} diagnostics=${all.data?.last_reload?.diagnostics ?? []} />`}
      ${of.history?.length > 0 && html`<section class="card"><h2>${t('policy.history')}</h2>
        <${Table} caption=${t('policy.history')} rows=${of.history} id=${(row, at) => row.revision + at} columns=${[
          { label: t('col.time'), cell: (row) => html`<${Time} at=${row.at} how="full" />` },
          { label: t('col.revision'), head: true, cell: (row) => html`<code><${Text} of=${row.revision} /></code>` },
          { label: t('col.who'), cell: (row) => html`<${Text} of=${row.who ?? '–'} />` },
        ]} /></section>`}`}<//>`;
}
