import { html } from '../html.js';
import { useEffect, useState } from 'preact/hooks';
import { instant, local } from '../lib/query.js';
import { go, route } from '../core/route.js';
import { useLoad, usePages, useStore } from '../core/hooks.js';
import { t, word } from '../core/words.js';
import { Head } from '../parts/Head.js';
import { Input, Select } from '../parts/Field.js';
import { ACTIONS } from '../parts/Action.js';
import { Paged } from '../parts/Table.js';
import { decisionColumns } from '../parts/decisionColumns.js';
import { policyOptions } from '../parts/policyOptions.js';

const NAMES = ['action', 'phase', 'policy', 'rule', 'route', 'since', 'until', 'id'];

/** What the address says, by the names that are filters. */
const wanted = (params) => Object.fromEntries(NAMES.map((name) => [name, params[name] ?? '']));

function Filter({ value }) {
  const policies = useLoad('/policies');
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [JSON.stringify(value)]);
  const set = (name) => (now) => setDraft((old) => ({ ...old, [name]: now }));
  const any = ['', t('do.any')];
  const submit = (event) => {
    event.preventDefault();
    go(['decisions'], draft);
  };
  return html`<form class="filter" onSubmit=${submit} role="search" aria-label=${t('do.filter')}>
    <${Select} label=${t('col.action')} value=${draft.action} onInput=${set('action')}
      options=${[any, ...ACTIONS.map((a) => [a, word('action', a)])]} />
    <${Select} label=${t('col.phase')} value=${draft.phase} onInput=${set('phase')}
      options=${[any, ...['prompt', 'completion'].map((p) => [p, word('phase', p)])]} />
    <${Select} label=${t('col.policy')} value=${draft.policy} onInput=${set('policy')} options=${[any, ...policyOptions(policies.data)]} />
    <${Input} label=${t('col.rule')} value=${draft.rule} onInput=${set('rule')} />
    <${Input} label=${t('col.route')} value=${draft.route} onInput=${set('route')} />
    <${Input} label=${t('filter.since')} type="datetime-local" value=${local(draft.since)} onInput=${(v) => set('since')(instant(v))} />
    <${Input} label=${t('filter.until')} type="datetime-local" value=${local(draft.until)} onInput=${(v) => set('until')(instant(v))} />
    <${Input} label=${t('filter.id')} value=${draft.id} onInput=${(v) => set('id')(v.trim())} spellcheck="false" />
    <div class="filter-do"><button type="submit" class="main">${t('do.filter')}</button>
      <button type="button" onClick=${() => go(['decisions'])}>${t('do.clear')}</button></div>
  </form>`;
}

/** Everything that was decided, newest first. */
export function Decisions() {
  const { params } = useStore(route);
  const filter = wanted(params);
  const list = usePages('/decisions', filter);
  const filtered = NAMES.some((name) => filter[name]);
  return html`<${Head} title=${t('nav.decisions')} says=${t('decisions.says')}>
      <button type="button" onClick=${list.reload}>${t('do.reload')}</button><//>
    <${Filter} value=${filter} />
    <${Paged} of=${list} caption=${t('nav.decisions')} columns=${decisionColumns()} id=${(row) => row.decision + ' ' + row.policy}
      mark=${(row) => (row.would_have ? 'is-would' : undefined)} empty=${filtered ? t('decisions.none_match') : t('decisions.none')} />`;
}
