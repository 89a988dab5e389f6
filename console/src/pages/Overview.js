import { html } from '../html.js';
import { route, swap } from '../core/route.js';
import { may } from '../core/session.js';
import { useEvery, useLoad, useStore } from '../core/hooks.js';
import { number, percent } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Head } from '../parts/Head.js';
import { Choice } from '../parts/Field.js';
import { Empty, Loaded, Notice } from '../parts/Notice.js';
import { ACTIONS, Action } from '../parts/Action.js';
import { Bars } from '../parts/Bars.js';
import { Table } from '../parts/Table.js';
import { Text } from '../parts/Text.js';
import { Time } from '../parts/Time.js';
import { To } from '../parts/Id.js';
import { Score } from '../parts/Score.js';
import { Queues } from '../parts/Queues.js';

/** How often the figures are asked for again, in milliseconds. */
const AGAIN = 30_000;

const PERIODS = ['24', '168', '720'];

function Totals({ of, hours }) {
  const all = ACTIONS.reduce((sum, name) => sum + (of.totals[name] ?? 0), 0);
  return html`<ul class="tiles">
    <li class="tile"><span class="tile-name">${t('overview.all')}</span><b>${number(all)}</b>
      <span class="quiet">${t('overview.period', { hours: t(`period.${hours}`) })}${of.totals.would_have > 0 &&
        html` · ${t('overview.would', { n: of.totals.would_have })}`}</span></li>
    ${ACTIONS.map((name) => html`<li class="tile"><${To} to=${['decisions']} params=${{ action: name, since: of.since }}>
      <${Action} of=${name} /><//>
      <b>${number(of.totals[name])}</b><span class="quiet">${percent(all ? (of.totals[name] ?? 0) / all : null)}</span></li>`)}
  </ul>`;
}

function TopRules({ rows, since }) {
  if (rows.length === 0) return html`<${Empty}>${t('overview.no_rules')}<//>`;
  const most = Math.max(...rows.map((row) => row.hits));
  return html`<${Table} caption=${t('overview.rules')} rows=${rows} id=${(row) => row.policy + ' ' + row.rule} columns=${[
    { label: t('col.rule'), head: true, wide: true, cell: (row) => html`<${To} to=${['decisions']}
      params=${{ policy: row.policy, rule: row.rule, since }}><${Text} of=${row.rule} /><//>` },
    { label: t('col.policy'), cell: (row) => html`<${To} to=${['policies', row.policy]}><${Text} of=${row.policy} /><//>` },
    { label: t('col.category'), cell: (row) => html`<${Text} of=${word('category', row.category ?? '')} />` },
    { label: t('col.hits'), num: true, cell: (row) => html`<span class="rate"><svg width="64" height="6" aria-hidden="true">
      <rect class="rate-part" width=${(64 * row.hits) / most} height="6" rx="3" /></svg>${number(row.hits)}</span>` },
  ]} />`;
}

function Satisfaction({ rows }) {
  if (rows.length === 0) return html`<${Empty}>${t('overview.no_answers')}<//>`;
  return html`<${Table} caption=${t('overview.satisfaction')} rows=${rows} id=${(row) => row.route + row.scale} columns=${[
    { label: t('col.route'), head: true, cell: (row) => html`<${Text} of=${row.route} /> <span class="quiet">
      ${t(`scale.${row.scale}`)}</span>` },
    { label: t('nps.score'), cell: (row) => html`<${Score} of=${row} />` },
    { label: t('nps.answers'), num: true, cell: (row) => number(row.answers) },
  ]} />`;
}

function Gate({ of }) {
  const store = of.store;
  return html`
    ${!of.ready && html`<${Notice} kind="warn">${t('gate.not_ready')}<//>`}
    ${store.away && html`<${Notice} kind="bad">${t('store.away')} <${Text} of=${store.away} /><//>`}
    <dl class="facts">
      <div><dt>${t('gate.state')}</dt><dd>${of.ready ? t('gate.ready') : t('gate.busy')}</dd></div>
      <div><dt>${t('gate.version')}</dt><dd><${Text} of=${of.version} /></dd></div>
      <div><dt>${t('store.engine')}</dt><dd><${Text} of=${store.engine} /> · ${store.away ? t('store.is_away') : t('store.well')}</dd></div>
      <div><dt>${t('store.waiting')}</dt><dd>${number(store.waiting)}</dd></div>
      <div><dt>${t('store.lost')}</dt><dd class=${store.lost > 0 ? 'bad' : undefined}>${number(store.lost)}</dd></div>
    </dl>`;
}

/** What went on, at a glance. */
export function Overview() {
  const { params } = useStore(route);
  const hours = PERIODS.includes(params.hours) ? params.hours : '24';
  const load = useLoad(`/overview?hours=${hours}`);
  useEvery(load.reload, AGAIN);
  return html`<${Head} title=${t('nav.overview')}>
      <${Choice} legend=${t('overview.choose')} value=${hours} onInput=${(h) => swap(['overview'], { hours: h })}
        options=${PERIODS.map((h) => [h, t(`period.${h}`)])} />
    <//>
    <${Loaded} of=${load}>${(of) => html`
      <${Totals} of=${of} hours=${hours} />
      <div class="columns"><section class="card"><${Bars} title=${t('overview.acted')} buckets=${of.buckets} hours=${Number(hours)}
        names=${ACTIONS.filter((name) => name !== 'allow')} /></section>
      <section class="card"><${Bars} title=${t('overview.passed')} buckets=${of.buckets} hours=${Number(hours)} names=${['allow']} /></section></div>
      <div class="columns">
        <section class="card grow"><h2>${t('overview.rules')}</h2><${TopRules} rows=${of.rules} since=${of.since} /></section>
        <section class="card"><h2>${t('overview.queues')}</h2><${Queues} rows=${of.queues} links=${may('judge')} /></section>
      </div>
      <div class="columns">
        <section class="card grow"><h2>${t('overview.satisfaction')}</h2><${Satisfaction} rows=${of.satisfaction} /></section>
        <section class="card"><h2>${t('overview.gate')}</h2><${Gate} of=${of} /></section>
      </div>
      <p class="quiet small">${t('overview.since')} <${Time} at=${of.since} how="full" /></p>`}<//>`;
}
