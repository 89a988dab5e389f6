import { html } from '../../html.js';
import { useState } from 'preact/hooks';
import { call } from '../../core/api.js';
import { may, session } from '../../core/session.js';
import { useAct, useLoad } from '../../core/hooks.js';
import { toast } from '../../core/toast.js';
import { t, word } from '../../core/words.js';
import { Copy } from '../Copy.js';
import { Dialog, Sure } from '../Dialog.js';
import { Check, Input } from '../Field.js';
import { Empty, Loaded, Notice } from '../Notice.js';
import { Table } from '../Table.js';
import { Text } from '../Text.js';
import { Time } from '../Time.js';

/** How long a token lives, in days, unless another number is given. */
const DAYS = '90';

function Made({ token, onClose }) {
  return html`<${Dialog} title=${t('tokens.made')} onClose=${onClose}><${Notice} kind="warn">${t('tokens.once')}<//>
    <p class="secret"><code><${Text} of=${token} /></code></p>
    <footer><${Copy} text=${token} /><button type="button" class="main" onClick=${onClose}>${t('do.done')}</button></footer><//>`;
}

function Make({ onMade, onClose }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState(['see']);
  const [days, setDays] = useState(DAYS);
  const own = session.get().permissions;
  const [make, busy] = useAct(async () => onMade(await call('POST', '/tokens', { name, scopes, expires_days: Number(days) })));
  const toggle = (scope) => (on) => setScopes((old) => own.filter((one) => (one === scope ? on : old.includes(one))));
  const submit = (event) => {
    event.preventDefault();
    make();
  };
  return html`<${Dialog} title=${t('tokens.new')} onClose=${onClose}><form onSubmit=${submit}>
    <${Input} label=${t('tokens.name')} help=${t('tokens.name_help')} value=${name} onInput=${setName} required maxlength="100" />
    <fieldset class="scopes"><legend>${t('tokens.scopes')}</legend>${own.map(
      (scope) => html`<${Check} label=${html`<code>${scope}</code> ${word('scope', scope)}`} checked=${scopes.includes(scope)} onInput=${toggle(scope)} />`,
    )}</fieldset>
    <${Input} label=${t('tokens.days')} type="number" required min="1" max="3650" value=${days} onInput=${setDays} />
    <footer><button type="button" onClick=${onClose}>${t('do.cancel')}</button>
      <button type="submit" class="main" disabled=${busy || scopes.length === 0}>${t('tokens.do')}</button></footer></form><//>`;
}

function Revoke({ row, onDone }) {
  const [ask, setAsk] = useState(false);
  const [revoke, busy] = useAct(async () => {
    await call('DELETE', `/tokens/${encodeURIComponent(row.id)}`);
    setAsk(false);
    toast(t('tokens.gone'));
    onDone();
  });
  return html`<button type="button" onClick=${() => setAsk(true)}>${t('tokens.revoke')}</button>
    ${ask && html`<${Sure} title=${t('tokens.revoke')} says=${html`<b><${Text} of=${row.name} /></b> ${t('tokens.revoke_says')}`}
      act=${t('tokens.revoke')} busy=${busy} onDo=${revoke} onClose=${() => setAsk(false)} />`}`;
}

function state(row) {
  if (row.revoked) return t('tokens.revoked');
  return new Date(row.expires_at) < new Date() ? t('tokens.expired') : t('tokens.good');
}

/** Tokens for programs that use the API. */
export function Tokens() {
  const load = useLoad('/tokens');
  const [making, setMaking] = useState(false);
  const [token, setToken] = useState(null);
  const made = (row) => {
    setMaking(false);
    setToken(row.token);
    load.reload();
  };
  return html`<section class="card"><div class="part-head"><h2>${t('tokens.title')}</h2>
      <button type="button" onClick=${() => setMaking(true)}>${t('tokens.new')}</button></div>
    <p class="quiet">${may('manage') ? t('tokens.says_all') : t('tokens.says')}</p>
    <${Loaded} of=${load}>${(of) => of.rows.length === 0 ? html`<${Empty}>${t('tokens.none')}<//>`
      : html`<${Table} caption=${t('tokens.title')} rows=${of.rows} id=${(row) => row.id} columns=${[
        { label: t('tokens.name'), head: true, cell: (row) => html`<${Text} of=${row.name} />` },
        ...(may('manage') ? [{ label: t('tokens.owner'), cell: (row) => html`<${Text} of=${row.owner} />` }] : []),
        { label: t('tokens.scopes'), cell: (row) => row.scopes.map((one) => html`<span class="tag"><${Text} of=${one} /></span> `) },
        { label: t('col.state'), cell: state },
        { label: t('tokens.until'), cell: (row) => html`<${Time} at=${row.expires_at} />` },
        { label: t('tokens.used'), cell: (row) => html`<${Time} at=${row.used_at} how="ago" />` },
        { label: t('col.do'), cell: (row) => !row.revoked && html`<${Revoke} row=${row} onDone=${load.reload} />` },
      ]} />`}<//>
    ${making && html`<${Make} onMade=${made} onClose=${() => setMaking(false)} />`}
    ${token && html`<${Made} token=${token} onClose=${() => setToken(null)} />`}
  </section>`;
}
