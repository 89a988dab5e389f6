import { html } from '../../html.js';
import { useEffect, useRef } from 'preact/hooks';
import { address } from '../../lib/query.js';
import { number } from '../../core/format.js';
import { t, word } from '../../core/words.js';
import { Input, Select } from '../Field.js';
import { Empty, Fault } from '../Notice.js';
import { Icon } from '../Icon.js';
import { Text } from '../Text.js';
import { Time } from '../Time.js';

const QUEUES = ['verdicts', 'samples', 'reports', 'appeals'];
const STATES = ['open', 'second', 'disagreement', 'settled'];

/** Which items are listed, with how many wait in each queue. */
export function ItemFilter({ filter, queues, onChange, search, onSearch, onFirst }) {
  const waiting = (queue) =>
    (queues ?? []).filter((row) => row.queue === queue && row.state !== 'settled').reduce((sum, row) => sum + row.items, 0);
  const named = (queue) => [queue, queues ? `${word('queue', queue)} (${number(waiting(queue))})` : word('queue', queue)];
  const set = (name) => (value) => onChange({ ...filter, [name]: value });
  const submit = (event) => {
    event.preventDefault();
    onFirst();
  };
  return html`<form class="item-filter" role="search" aria-label=${t('do.filter')} onSubmit=${submit}>
    <${Select} label=${t('col.queue')} value=${filter.queue} onInput=${set('queue')}
      options=${[['', t('do.all')], ...QUEUES.map(named)]} />
    <${Select} label=${t('col.state')} value=${filter.state} onInput=${set('state')}
      options=${[['', t('review.waiting')], ...STATES.map((s) => [s, word('state', s)])]} />
    <${Input} label=${t('review.search')} type="search" value=${search} onInput=${onSearch} wide data-search="" spellcheck="false" />
  </form>`;
}

function Item({ row, on, params }) {
  const at = useRef(null);
  useEffect(() => {
    if (on) at.current?.scrollIntoView({ block: 'nearest' });
  }, [on]);
  return html`<li ref=${at}><a class=${'item' + (on ? ' is-on' : '')} href=${address(['review', row.item], params)}
    aria-current=${on ? 'true' : undefined}>
    <span class="item-top"><b><${Text} of=${row.rule ?? t('review.no_rule')} limit=${60} /></b><${Time} at=${row.at} how="ago" /></span>
    <span class="item-more"><span><${Text} of=${word('category', row.category ?? '') || word('source', row.source)} limit=${40} /></span>
      ${row.severe && html`<span class="tag is-severe"><${Icon} name="warn" />${t('review.severe')}</span>`}
      ${row.alike > 0 && html`<span class="tag">${t('review.alike', { n: row.alike })}</span>`}
      ${row.state !== 'open' && html`<span class="tag"><${Text} of=${word('state', row.state)} /></span>`}
      ${row.outcome && html`<span class="tag"><${Text} of=${word('outcome', row.outcome)} /></span>`}
      ${row.claimed_by && html`<span class="tag"><${Text} of=${row.claimed_by} limit=${30} /></span>`}</span>
  </a></li>`;
}

/** The items, the oldest first. */
export function ItemList({ of, rows, id, params }) {
  return html`<div class="items">
    ${of.error && html`<${Fault} error=${of.error} again=${of.reload} />`}
    ${of.rows && rows.length === 0 && html`<${Empty}>${t('review.none')}<//>`}
    ${!of.rows && of.loading && html`<p class="loading" role="status" aria-busy="true">${t('do.loading')}</p>`}
    <ul aria-label=${t('review.items')}>${rows.map((row) => html`<${Item} key=${row.item} row=${row} on=${row.item === id} params=${params} />`)}</ul>
    ${of.next && html`<p class="more"><button type="button" disabled=${of.loading} onClick=${of.more}>${t('do.more')}</button></p>`}
  </div>`;
}
