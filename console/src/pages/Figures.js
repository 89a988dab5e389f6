import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { download } from '../core/api.js';
import { may } from '../core/session.js';
import { useAct, useLoad } from '../core/hooks.js';
import { number, percent } from '../core/format.js';
import { t } from '../core/words.js';
import { Choice, Select } from '../parts/Field.js';
import { Head } from '../parts/Head.js';
import { To } from '../parts/Id.js';
import { Empty, Loaded } from '../parts/Notice.js';
import { Queues } from '../parts/Queues.js';
import { Rate } from '../parts/Rate.js';
import { Table } from '../parts/Table.js';
import { Text } from '../parts/Text.js';

const DAYS = ['7', '30', '90'];
const FORMS = { labels: 'jsonl', trl: 'jsonl', openai: 'jsonl', csv: 'csv' };

function Rules({ rows }) {
  if (rows.length === 0) return html`<${Empty}>${t('figures.none')}<//>`;
  return html`<${Table} caption=${t('figures.rules')} rows=${rows} id=${(row) => row.policy + ' ' + row.rule} columns=${[
    { label: t('col.rule'), head: true, wide: true, cell: (row) =>
      row.rule ? html`<${To} to=${['policies', row.policy]} params=${{ rule: row.rule }}><${Text} of=${row.rule} /><//>` : t('review.no_rule') },
    { label: t('col.policy'), cell: (row) => html`<${Text} of=${row.policy} />` },
    { label: t('col.judged'), num: true, cell: (row) => number(row.judged) },
    { label: t('outcome.upheld'), num: true, cell: (row) => number(row.upheld) },
    { label: t('outcome.overturned'), num: true, cell: (row) => number(row.overturned) },
    { label: t('judgement.unsure'), num: true, cell: (row) => number(row.unsure) },
    { label: t('outcome.unresolved'), num: true, cell: (row) => number(row.unresolved) },
    { label: t('col.overturned'), cell: (row) => html`<${Rate} of=${row.overturn_rate} />
      ${typeof row.overturn_low === 'number' && html` <span class="quiet">${percent(row.overturn_low)}–${percent(row.overturn_high)}</span>`}` },
    { label: t('figures.kappa'), num: true, cell: (row) =>
      typeof row.kappa !== 'number' ? '–' : html`${number(row.kappa, 2)} <span class="quiet">${t('figures.pairs', { n: row.pairs })}</span>` },
  ]} />`;
}

function Export() {
  const [form, setForm] = useState('labels');
  const [run, busy] = useAct(() => download(`/review/export?form=${form}`, `tidegate-${form}.${FORMS[form]}`));
  const submit = (event) => {
    event.preventDefault();
    run();
  };
  return html`<section class="card"><h2>${t('export.title')}</h2><p>${t('export.says')}</p>
    <form class="stack" onSubmit=${submit}>
      <${Select} label=${t('export.form')} value=${form} onInput=${setForm} help=${t(`export.${form}_says`)}
        options=${Object.keys(FORMS).map((name) => [name, t(`export.${name}`)])} />
      <button type="submit" class="main" disabled=${busy}>${t('export.do')}</button>
    </form></section>`;
}

/** How often people disagree with the gate, and with each other. */
export function Figures() {
  const [days, setDays] = useState('30');
  const load = useLoad(`/review/stats?days=${days}`);
  const queues = useLoad('/review/queues');
  return html`<${Head} title=${t('nav.figures')} says=${t('figures.says')}>
      <${Choice} legend=${t('overview.choose')} value=${days} onInput=${setDays} options=${DAYS.map((d) => [d, t('figures.days', { n: Number(d) })])} /><//>
    <${Loaded} of=${load}>${(of) => html`
      <section class="card"><h2>${t('figures.rules')}</h2><p class="quiet">${t('figures.kappa_says')}</p><${Rules} rows=${of.rules} /></section>
      <div class="columns">
        <section class="card grow"><h2>${t('overview.queues')}</h2>
          <${Loaded} of=${queues}>${(q) => html`<${Queues} rows=${q.rows} links=${may('judge')} />`}<//></section>
        ${of.reviewers?.length > 0 && html`<section class="card"><h2>${t('figures.reviewers')}</h2>
          <${Table} caption=${t('figures.reviewers')} rows=${of.reviewers} id=${(row) => row.reviewer} columns=${[
            { label: t('col.reviewer'), head: true, cell: (row) => html`<${Text} of=${row.reviewer} />` },
            { label: t('col.judged'), num: true, cell: (row) => number(row.judged) },
          ]} /></section>`}
      </div>`}<//>
    ${may('export') && html`<${Export} />`}`;
}
