import { html } from '../../html.js';
import { number } from '../../core/format.js';
import { t, word } from '../../core/words.js';
import { Action } from '../Action.js';
import { Marked } from '../Marked.js';
import { Notice } from '../Notice.js';
import { Table } from '../Table.js';
import { Text } from '../Text.js';

function Rules({ of }) {
  if (!of?.length) return html`<p class="quiet">${t('play.no_rules')}</p>`;
  return html`<ul class="fired">${of.map((one) => html`<li>${one.action && html`<${Action} of=${one.action} /> `}<b><${Text} of=${one.id} /></b>
    <span class="quiet"><${Text} of=${word('category', one.category ?? '')} /> ${one.score > 0 && number(one.score, 2)}</span></li>`)}</ul>`;
}

/** The answer of the draft beside that of the policy that runs. */
function Answers({ of }) {
  const side = (title, one) => html`<section class="answer"><h3>${title}</h3><p class="answer-action"><${Action} of=${one.action} /></p>
    <${Rules} of=${one.rules} /></section>`;
  const same = of.live && of.live.action === of.action;
  return html`<div class="answers">${side(of.live ? t('play.draft_says') : t('play.says'), of)}
      ${of.live && side(t('play.live_says'), of.live)}</div>
    ${of.live && html`<${Notice} kind=${same ? 'plain' : 'warn'}>${same ? t('play.same') : t('play.differs')}<//>`}
    ${['unscannable', 'unavailable'].includes(of.outcome) && html`<${Notice} kind="warn">${t('play.unscannable')}<//>`}
    ${of.not_asked?.length > 0 && html`<${Notice}>${t('play.not_asked')} <${Text} of=${of.not_asked.join(', ')} /><//>`}
    ${!of.enforced && html`<${Notice}>${t('play.shadow')}<//>`}`;
}

/** What came out so far, with what this piece added. */
function Out({ row, before }) {
  const out = row.out ?? '';
  const kept = out.startsWith(before) ? before : '';
  return html`<span class="stream-old"><${Text} of=${kept} limit=${400} /></span><ins><${Text} of=${out.slice(kept.length)} limit=${400} /></ins>`;
}

function Stream({ rows }) {
  const all = rows.map((row, at) => ({ ...row, at, before: rows[at - 1]?.out ?? '' }));
  return html`<section class="card"><h2>${t('play.stream')}</h2><p class="quiet">${t('play.stream_says')}</p>
    <${Table} caption=${t('play.stream')} rows=${all} id=${(row) => row.at} columns=${[
      { label: t('play.piece'), num: true, head: true, cell: (row) => number(row.at + 1) },
      { label: t('play.in'), wide: true, cell: (row) => html`<${Text} of=${row.in} />` },
      { label: t('play.out'), wide: true, cell: (row) => html`<${Out} row=${row} before=${row.before} />` },
      { label: t('play.held'), num: true, cell: (row) => (row.stopped ? t('play.stopped') : number(row.held)) },
    ]} /></section>`;
}

/** What a policy makes of a text. @param {{ of: any }} props */
export function Result({ of }) {
  return html`<div class="result" role="region" aria-label=${t('play.result')}>
    <section class="card"><h2 class="away">${t('play.result')}</h2><${Answers} of=${of} /></section>
    <section class="card"><h2>${t('play.found')} <span class="quiet">${number(of.findings?.length ?? 0)}</span></h2>
      <${Marked} text=${of.text ?? ''} findings=${of.findings ?? []} />
      ${of.findings?.length > 0 && html`<p class="quiet small">${t('play.hover')}
        ${of.findings_left_out > 0 && ' ' + t('play.left_out', { n: of.findings_left_out })}</p>
      <details><summary>${t('play.findings')}</summary><${Table} caption=${t('play.findings')} rows=${of.findings} id=${(_, at) => at} columns=${[
        { label: t('col.rule'), head: true, cell: (row) => html`<${Text} of=${row.rule} />` },
        { label: t('col.category'), cell: (row) => html`<${Text} of=${word('category', row.category ?? '')} />` },
        { label: t('play.quote'), wide: true, cell: (row) => html`<${Text} of=${row.quote ?? ''} />` },
        { label: t('mark.views'), cell: (row) => html`<${Text} of=${(row.views ?? []).join(' → ')} />` },
        { label: t('col.score'), num: true, cell: (row) => number(row.score, 2) },
      ]} /></details>`}</section>
    <section class="card"><h2>${t('play.output')}</h2>${typeof of.output === 'string'
      ? html`<${Text} of=${of.output} block />`
      : html`<p class="quiet">${t('play.no_output')}</p>`}
      ${of.message && html`<h3 class="told">${t('play.message')}</h3><${Text} of=${of.message} block />`}</section>
    ${of.stream?.length > 0 && html`<${Stream} rows=${of.stream} />`}
  </div>`;
}
