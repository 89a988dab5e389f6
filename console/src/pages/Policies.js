import { html } from '../html.js';
import { useLoad } from '../core/hooks.js';
import { number } from '../core/format.js';
import { t } from '../core/words.js';
import { Diagnostics } from '../parts/Diagnostics.js';
import { Head } from '../parts/Head.js';
import { To } from '../parts/Id.js';
import { Loaded, Notice } from '../parts/Notice.js';
import { Table } from '../parts/Table.js';
import { Text } from '../parts/Text.js';
import { Time } from '../parts/Time.js';

function Reload({ of }) {
  if (!of) return null;
  const found = of.diagnostics ?? [];
  return html`<${Notice} kind=${of.ok ? 'good' : 'bad'}>
      <b>${of.ok ? t('policies.loaded') : t('policies.not_loaded')}</b> <${Time} at=${of.at} how="full" />
      ${!of.ok && html`<p>${t('policies.old_stays')}</p>`}<//>
    ${found.length > 0 && html`<section class="card"><h2>${t('policies.diagnostics')}</h2><${Diagnostics} of=${found} /></section>`}`;
}

/** Which policies are loaded, and whether the files are well. */
export function Policies() {
  const load = useLoad('/policies');
  return html`<${Head} title=${t('nav.policies')} says=${t('policies.says')} />
    <${Loaded} of=${load}>${(of) => html`<${Reload} of=${of.last_reload} />
      <${Table} caption=${t('nav.policies')} rows=${of.rows} id=${(row) => row.name} columns=${[
        { label: t('col.policy'), head: true, cell: (row) => html`<${To} to=${['policies', row.name]}><${Text} of=${row.name} /><//>` },
        { label: t('col.revision'), cell: (row) => html`<code><${Text} of=${row.revision} /></code>` },
        { label: t('col.rules'), num: true, cell: (row) => number(row.rules) },
        { label: t('col.loaded'), cell: (row) => html`<${Time} at=${row.loaded_at} />` },
      ]} />`}<//>`;
}
