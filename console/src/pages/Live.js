import { html } from '../html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { joined, MOST_ROWS, wants } from '../lib/live.js';
import { get } from '../core/api.js';
import { useLoad } from '../core/hooks.js';
import { number } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Head } from '../parts/Head.js';
import { Icon } from '../parts/Icon.js';
import { Input, Select } from '../parts/Field.js';
import { Empty, Notice } from '../parts/Notice.js';
import { ACTIONS } from '../parts/Action.js';
import { Table } from '../parts/Table.js';
import { decisionColumns } from '../parts/decisionColumns.js';
import { policyOptions } from '../parts/policyOptions.js';

/** What came is drawn so often, in milliseconds: a busy gate must not busy the page. */
const FLUSH = 300;

/** So long until a feed that the gate ended is tried again, in milliseconds. */
const RETRY = 4000;

/**
 * The feed of decisions.
 * @param {(rows: any[]) => void} came @param {(count: number) => void} missed
 * @returns {'opening'|'open'|'away'}
 */
function useFeed(came, missed) {
  const [state, setState] = useState('opening');
  useEffect(() => {
    let [source, timer, waiting] = [null, 0, []];
    const open = () => {
      source = new EventSource('/api/live');
      source.onopen = () => setState('open');
      source.addEventListener('decision', (event) => waiting.push(JSON.parse(event.data)));
      source.addEventListener('missed', (event) => missed(JSON.parse(event.data).count ?? 0));
      source.onerror = () => {
        setState('away');
        if (source.readyState !== EventSource.CLOSED) return;
        get('/session').catch(() => null); // leads to the sign-in where the session ended
        timer = setTimeout(open, RETRY);
      };
    };
    const flush = setInterval(() => {
      if (waiting.length > 0) came(waiting.splice(0));
    }, FLUSH);
    open();
    return () => {
      source.close();
      clearTimeout(timer);
      clearInterval(flush);
    };
  }, []);
  return state;
}

const NO_FILTER = { action: '', policy: '', rule: '', route: '', phase: '' };

function Filter({ value, onChange }) {
  const policies = useLoad('/policies');
  const set = (name) => (now) => onChange({ ...value, [name]: now });
  const any = ['', t('do.any')];
  return html`<form class="filter" onSubmit=${(event) => event.preventDefault()} aria-label=${t('do.filter')}>
    <${Select} label=${t('col.action')} value=${value.action} onInput=${set('action')}
      options=${[any, ...ACTIONS.map((a) => [a, word('action', a)]), ['would', t('live.would')]]} />
    <${Select} label=${t('col.phase')} value=${value.phase} onInput=${set('phase')}
      options=${[any, ...['prompt', 'completion'].map((p) => [p, word('phase', p)])]} />
    <${Select} label=${t('col.policy')} value=${value.policy} onInput=${set('policy')} options=${[any, ...policyOptions(policies.data)]} />
    <${Input} label=${t('col.rule')} value=${value.rule} onInput=${set('rule')} type="search" />
    <${Input} label=${t('col.route')} value=${value.route} onInput=${set('route')} type="search" />
  </form>`;
}

/** Decisions as they are made. */
export function Live() {
  const [rows, setRows] = useState([]);
  const [held, setHeld] = useState(null);
  const [lost, setLost] = useState(0);
  const [filter, setFilter] = useState(NO_FILTER);
  const paused = useRef(false);
  const state = useFeed(
    (came) => (paused.current ? setHeld((old) => ({ rows: joined(old.rows, came), n: old.n + came.length })) : setRows((old) => joined(old, came))),
    (count) => setLost((n) => n + count),
  );
  const toggle = () => {
    paused.current = !paused.current;
    if (held) setRows((old) => joined(old, [...held.rows].reverse()));
    setHeld(held ? null : { rows: [], n: 0 });
  };
  const shown = rows.filter((row) => wants(row, filter));
  const says = held ? t('live.paused', { n: held.n }) : t(`live.${state}`);
  return html`<${Head} title=${t('nav.live')} says=${t('live.says')}>
      <span class=${'feed is-' + (held ? 'paused' : state)}><span class="dot" aria-hidden="true"></span>
        <span role="status">${held ? t('live.is_paused') : t(`live.${state}`)}</span></span>
      <button type="button" class=${held ? 'main' : undefined} onClick=${toggle}>
        <${Icon} name=${held ? 'play' : 'pause'} /> ${held ? t('live.go_on', { n: held.n }) : t('live.pause')}</button>
    <//>
    <${Filter} value=${filter} onChange=${setFilter} />
    ${lost > 0 && html`<${Notice} kind="warn">${t('live.missed', { n: lost })}<//>`}
    ${shown.length > 0
      ? html`<${Table} caption=${t('nav.live')} rows=${shown} columns=${decisionColumns()}
          id=${(row) => row.decision + ' ' + row.policy} mark=${(row) => (row.would_have ? 'is-would' : undefined)} />`
      : html`<${Empty}>${rows.length > 0 ? t('live.none_match', { n: rows.length }) : says}<//>`}
    <p class="quiet small">${t('live.shown', { n: shown.length, of: number(rows.length), most: number(MOST_ROWS) })}</p>`;
}
