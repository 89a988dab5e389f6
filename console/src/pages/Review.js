import { html } from '../html.js';
import { useRef, useState } from 'preact/hooks';
import { call } from '../core/api.js';
import { go, route, swap } from '../core/route.js';
import { prefer, prefs } from '../core/prefs.js';
import { useAct, useEvery, useLoad, usePages, useStore } from '../core/hooks.js';
import { useKeys } from '../core/keys.js';
import { may } from '../core/session.js';
import { toast } from '../core/toast.js';
import { t, word } from '../core/words.js';
import { Head } from '../parts/Head.js';
import { To } from '../parts/Id.js';
import { Check } from '../parts/Field.js';
import { Empty, Loaded } from '../parts/Notice.js';
import { ItemFilter, ItemList } from '../parts/review/ItemList.js';
import { Desk, isMine } from '../parts/review/Desk.js';

/** How often the sizes of the queues are asked for, in milliseconds. */
const AGAIN = 30_000;

/** How many items that were passed over the gate is told of. */
const PASSED = 200;

/** How many judgements can be taken back one after another. */
const UNDO = 20;

const itemPath = (id, more = '') => `/review/items/${encodeURIComponent(id)}${more}`;

/** Whether a row holds what was searched for, by its names. */
function matches(row, search) {
  const names = [row.item, row.rule, row.category, row.policy, row.decision].join(' ').toLowerCase();
  return names.includes(search.trim().toLowerCase());
}

/** Taking items: the next of a queue, one by name, and which were passed over in this sitting. */
function useTaking(filter, open) {
  const passed = useRef(new Set());
  const claiming = useRef(false);
  const next = async () => {
    claiming.current = true;
    const detail = await call('POST', '/review/claim', { queue: filter.queue || undefined, not: [...passed.current].slice(-PASSED) });
    if (detail) open(detail.item.item);
    else {
      toast(t('review.nothing'));
      open(null);
    }
    return undefined;
  };
  return { next, passed, claiming };
}

/** Judging and taking back. */
function useJudging({ id, advance, refresh, open }) {
  const done = useRef([]);
  const [judge, busy] = useAct(async (judgement) => {
    const { items, left_out: left } = await call('POST', itemPath(id, '/judgement'), judgement);
    const ids = items.map((row) => row.item);
    done.current = [...done.current, { ids: ids.length > 0 ? ids : [id], id }].slice(-UNDO);
    const more = items.length > 1 ? ' ' + t('judge.with', { n: items.length - 1 }) : '';
    const out = left > 0 ? ' ' + t('judge.left_out', { n: left }) : '';
    toast(html`<b class="cap">${word('judgement', judgement.judgement)}.</b>${more}${out} <button type="button" class="link" onClick=${undo}>
      ${t('judge.undo')} <kbd>z</kbd></button>
      ${may('edit') && items[0]?.state === 'settled' && html` · <${To} to=${['review', id]} params=${{ propose: 'test-case' }}>${t('propose.test')}<//>`}`, false, 'judged');
    refresh();
    if (prefs.get().advance) await advance();
  });
  const [undo] = useAct(async () => {
    const last = done.current.pop();
    if (!last) return toast(t('judge.nothing_to_undo'));
    for (const one of last.ids) await call('DELETE', itemPath(one, '/judgement'));
    toast(t('judge.undone'), false, 'judged');
    refresh();
    return open(last.id);
  });
  return { judge, busy, undo };
}

/** Items of the queues, one at a time, hands on the keys. @param {{ id?: string }} props */
export function Review({ id }) {
  const { params } = useStore(route);
  const { advance: goOn } = useStore(prefs);
  const filter = { queue: params.queue ?? '', state: params.state ?? '', policy: params.policy ?? '', rule: params.rule ?? '' };
  const [search, setSearch] = useState('');
  const queues = useLoad('/review/queues');
  const list = usePages('/review/items', filter);
  const detail = useLoad(id ? itemPath(id) : null);
  const rows = (list.rows ?? []).filter((row) => matches(row, search));
  const latest = useRef(rows);
  latest.current = rows;
  useEvery(queues.reload, AGAIN);

  const open = (item) => (item ? go(['review', item], filter) : go(['review'], filter));
  const refresh = () => {
    queues.reload();
    list.reload();
    detail.reload();
  };
  const step = (by) => {
    const at = latest.current.findIndex((row) => row.item === id);
    const to = latest.current[at < 0 ? 0 : at + by];
    if (to) {
      taking.claiming.current = false;
      open(to.item);
    }
  };
  const taking = useTaking(filter, open);
  const advance = () => (taking.claiming.current || detail.data?.item?.claimed_by ? taking.next() : step(1));
  const { judge, busy, undo } = useJudging({ id, advance, refresh, open });
  const [claim] = useAct(taking.next);
  const [claimThis] = useAct(async () => {
    detail.set(await call('POST', itemPath(id, '/claim')));
    list.reload();
  });
  const [pass] = useAct(async () => {
    taking.passed.current.add(id);
    if (!detail.data || !isMine(detail.data.item)) return step(1);
    await call('DELETE', itemPath(id, '/claim'));
    list.reload();
    return taking.next();
  });
  const find = () => document.querySelector('[data-search]')?.focus();
  // While an item is on its way, what somebody begins to write must not act as keys.
  const early = useRef(null);
  const isComing = Boolean(id) && !detail.data && !detail.error;
  const unless = (act) => () => early.current ?? act();
  const soon = (key) => () => {
    early.current = early.current ?? key;
  };
  useKeys(
    isComing
      ? { j: unless(() => step(1)), k: unless(() => step(-1)), n: soon('n'), e: soon('e') }
      : { j: () => step(1), k: () => step(-1), c: claim, z: undo, '/': find },
  );

  return html`<${Head} title=${t('nav.review')}>
      <${Check} label=${t('review.advance')} checked=${goOn} onInput=${(on) => prefer({ advance: on })} />
      <button type="button" class="main" onClick=${claim}>${t('review.claim')} <kbd>c</kbd></button><//>
    <div class="review">
      <section class="review-list" aria-label=${t('review.items')}>
        <${ItemFilter} filter=${filter} queues=${queues.data?.rows} search=${search} onSearch=${setSearch}
          onChange=${(now) => swap(id ? ['review', id] : ['review'], now)} onFirst=${() => rows[0] && open(rows[0].item)} />
        <${ItemList} of=${list} rows=${rows} id=${id} params=${filter} />
      </section>
      <div class="desk-place">${id
        ? html`<${Loaded} of=${detail}>${(of) => html`<${Desk} key=${id} of=${of} busy=${busy} onJudge=${judge} onPass=${pass} onClaim=${claimThis} early=${early} />`}<//>`
        : html`<${Empty}>${t('review.start')} <kbd>c</kbd><//>`}</div>
    </div>`;
}
