import { html } from '../../html.js';
import { useState } from 'preact/hooks';
import { call } from '../../core/api.js';
import { session } from '../../core/session.js';
import { useAct, useLoad } from '../../core/hooks.js';
import { toast } from '../../core/toast.js';
import { t, word } from '../../core/words.js';
import { Dialog, Sure } from '../Dialog.js';
import { Input, Select } from '../Field.js';
import { Loaded } from '../Notice.js';
import { Table } from '../Table.js';
import { Text } from '../Text.js';
import { Time } from '../Time.js';

const ROLES = ['viewer', 'reviewer', 'editor', 'admin'];

const roles = () => ROLES.map((role) => [role, word('role', role)]);
const userPath = (row, more = '') => `/users/${encodeURIComponent(row.id)}${more}`;

function Add({ onDone, onClose }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState('reviewer');
  const [password, setPassword] = useState('');
  const [add, busy] = useAct(async () => {
    await call('POST', '/users', { name, role, password });
    toast(t('people.added'));
    onDone();
  });
  const submit = (event) => {
    event.preventDefault();
    add();
  };
  return html`<${Dialog} title=${t('people.add')} onClose=${onClose}><form onSubmit=${submit}>
    <${Input} label=${t('sign.name')} value=${name} onInput=${setName} required maxlength="100" autocomplete="off" />
    <${Select} label=${t('col.role')} value=${role} onInput=${setRole} options=${roles()} help=${t(`role.${role}_says`)} />
    <${Input} label=${t('people.first')} help=${t('people.first_help')} type="password" value=${password} onInput=${setPassword} required autocomplete="new-password" />
    <footer><button type="button" onClick=${onClose}>${t('do.cancel')}</button>
      <button type="submit" class="main" disabled=${busy}>${t('people.add')}</button></footer></form><//>`;
}

/** One thing of a person that is set anew: the role or the password. */
function Change({ row, what, onClose, change }) {
  const [value, setValue] = useState(what === 'role' ? row.role : '');
  const submit = async (event) => {
    event.preventDefault();
    if (await change({ [what]: value })) onClose();
  };
  return html`<${Dialog} title=${t(`people.${what}`)} onClose=${onClose}><form onSubmit=${submit}>
    <p><b><${Text} of=${row.name} /></b></p>
    ${what === 'role'
      ? html`<${Select} label=${t('col.role')} value=${value} onInput=${setValue} options=${roles()} help=${t(`role.${value}_says`)} />`
      : html`<${Input} label=${t('people.first')} help=${t('people.first_help')} type="password" value=${value} onInput=${setValue} required autocomplete="new-password" />`}
    <footer><button type="button" onClick=${onClose}>${t('do.cancel')}</button><button type="submit" class="main">${t('people.set')}</button></footer></form><//>`;
}

/** What can be done about one person. */
function Acts({ row, reload }) {
  const [asked, ask] = useState(null);
  const [change] = useAct(async (part) => {
    const now = await call('PATCH', userPath(row), part);
    toast(t('people.changed'));
    reload();
    return now;
  });
  const [out] = useAct(async () => {
    await call('DELETE', userPath(row, '/sessions'));
    toast(t('people.is_out'));
  });
  const own = row.id === session.get().user.id;
  const close = () => ask(null);
  return html`<div class="acts">
    ${!own && html`<button type="button" onClick=${() => ask('role')}>${t('people.role')}</button>`}
    ${!row.oidc && html`<button type="button" onClick=${() => ask('password')}>${t('people.password')}</button>`}
    <button type="button" onClick=${out}>${t('people.out')}</button>
    ${!own && html`<button type="button" onClick=${() => (row.disabled ? change({ disabled: false }) : ask('disable'))}>
      ${row.disabled ? t('people.enable') : t('people.disable')}</button>`}
    ${['role', 'password'].includes(asked) && html`<${Change} row=${row} what=${asked} change=${change} onClose=${close} />`}
    ${asked === 'disable' && html`<${Sure} title=${t('people.disable')} says=${html`<b><${Text} of=${row.name} /></b> ${t('people.disable_says')}`}
      act=${t('people.disable')} onClose=${close} onDo=${async () => (await change({ disabled: true })) && close()} />`}
  </div>`;
}

/** Who may sign in, and as what. */
export function People() {
  const load = useLoad('/users');
  const [adding, setAdding] = useState(false);
  const added = () => {
    setAdding(false);
    load.reload();
  };
  return html`<section class="card"><div class="part-head"><h2>${t('people.title')}</h2>
      <button type="button" onClick=${() => setAdding(true)}>${t('people.add')}</button></div>
    <${Loaded} of=${load}>${(of) => html`<${Table} caption=${t('people.title')} rows=${of.rows} id=${(row) => row.id} columns=${[
      { label: t('sign.name'), head: true, cell: (row) => html`<${Text} of=${row.name} />${row.oidc && html` <span class="tag">OIDC</span>`}` },
      { label: t('col.role'), cell: (row) => html`<${Text} of=${word('role', row.role)} />` },
      { label: t('col.state'), cell: (row) => (row.disabled ? t('people.disabled') : t('people.active')) },
      { label: t('people.seen'), cell: (row) => html`<${Time} at=${row.seen_at} how="ago" />` },
      { label: t('col.do'), wide: true, cell: (row) => html`<${Acts} row=${row} reload=${load.reload} />` },
    ]} />`}<//>
    ${adding && html`<${Add} onDone=${added} onClose=${() => setAdding(false)} />`}
  </section>`;
}
