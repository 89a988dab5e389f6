import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { call } from '../core/api.js';
import { blurred, may } from '../core/session.js';
import { useAct, useLoad } from '../core/hooks.js';
import { toast } from '../core/toast.js';
import { t, word } from '../core/words.js';
import { Head } from '../parts/Head.js';
import { Loaded, Notice } from '../parts/Notice.js';
import { Facts } from '../parts/Facts.js';
import { CoverNote, Passages } from '../parts/Passages.js';
import { Table } from '../parts/Table.js';
import { Id, To } from '../parts/Id.js';
import { Sure } from '../parts/Dialog.js';
import { decisionColumns } from '../parts/decisionColumns.js';
import { feedbackColumns } from '../parts/feedbackColumns.js';
import { itemColumns } from '../parts/itemColumns.js';
import { Text } from '../parts/Text.js';

function Erase({ id, onDone }) {
  const [ask, setAsk] = useState(false);
  const [erase, busy] = useAct(async () => {
    await call('DELETE', `/decisions/${encodeURIComponent(id)}/texts`);
    setAsk(false);
    toast(t('decision.erased'));
    onDone();
  });
  return html`<button type="button" class="danger" onClick=${() => setAsk(true)}>${t('decision.erase')}</button>
    ${ask && html`<${Sure} title=${t('decision.erase')} says=${t('decision.erase_says')} act=${t('decision.erase')}
      onDo=${erase} busy=${busy} onClose=${() => setAsk(false)} />`}`;
}

/** A part of the page that is only there when there is something in it. */
function Part({ title, rows, columns, id }) {
  if (!rows?.length) return null;
  return html`<section class="card"><h2>${title}</h2><${Table} caption=${title} rows=${rows} columns=${columns} id=${id} /></section>`;
}

/** What was said; covered first where people find it hard to read. */
function Said({ of }) {
  const [open, setOpen] = useState(false);
  const cover = !open && blurred() && (of.items ?? []).some((item) => item.severe);
  return html`<section class="card"><h2>${t('decision.passages')}</h2>
    ${cover && html`<${CoverNote} passages=${of.passages ?? []} category=${of.decision.category} onShow=${() => setOpen(true)} />`}
    <${Passages} of=${of.passages} cover=${cover} /></section>`;
}

function Whole({ of, id }) {
  const related = (of.request ?? []).filter((row) => row.decision !== id);
  return html`
    ${of.decision.would_have && html`<${Notice} kind="warn">${t('decision.would', { action: word('action', of.decision.would_be) })}<//>`}
    <section class="card"><h2>${t('decision.what')}</h2><${Facts} row=${of.decision} /></section>
    <${Said} of=${of} />
    <${Part} title=${t('decision.others')} rows=${of.others} columns=${decisionColumns()} id=${(r) => r.policy} />
    <${Part} title=${t('decision.request')} rows=${related} columns=${decisionColumns()} id=${(r) => r.decision + r.policy} />
    <${Part} title=${t('nav.feedback')} rows=${of.feedback} columns=${feedbackColumns().filter((c) => !c.decision)} id=${(r) => r.feedback} />
    <${Part} title=${t('decision.items')} rows=${of.items} columns=${itemColumns()} id=${(r) => r.item} />
    ${of.record && html`<details class="card"><summary>${t('decision.record')}</summary>
      <pre class="record" tabindex="0" role="region" aria-label=${t('decision.record')}><${Text} of=${JSON.stringify(of.record, null, 2)} block /></pre></details>`}`;
}

/** One decision, by its id. @param {{ id: string }} props */
export function Decision({ id }) {
  const load = useLoad(`/decisions/${encodeURIComponent(id)}`);
  return html`<${Head} title=${t('decision.title')} says=${html`<code><${Text} of=${id} /></code>`}>
      <${To} to=${['decisions']} class="button">${t('decision.back')}<//>
      ${may('manage') && load.data && html`<${Erase} id=${id} onDone=${load.reload} />`}
    <//>
    <${Loaded} of=${load}>${(of) => html`<${Whole} of=${of} id=${id} />`}<//>`;
}
