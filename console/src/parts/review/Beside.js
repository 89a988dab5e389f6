import { html } from '../../html.js';
import { number } from '../../core/format.js';
import { may } from '../../core/session.js';
import { t, word } from '../../core/words.js';
import { Action } from '../Action.js';
import { Code } from '../Code.js';
import { Id, To } from '../Id.js';
import { Rate } from '../Rate.js';
import { Text } from '../Text.js';
import { Time } from '../Time.js';

/** The rule; its own words are covered with those of the item. */
function RuleCard({ of, cover }) {
  if (!of) return null;
  return html`<section class="card"><h2>${t('review.rule')}</h2>
    <p class="rule-name"><${To} to=${['policies', of.policy]} params=${{ rule: of.id }}><b><${Text} of=${of.id ?? '–'} /></b><//></p>
    <dl class="facts narrow">
      <div><dt>${t('col.action')}</dt><dd><${Action} of=${of.action} /></dd></div>
      <div><dt>${t('col.category')}</dt><dd><${Text} of=${word('category', of.category ?? '') || '–'} /></dd></div>
      <div><dt>${t('col.severity')}</dt><dd><${Text} of=${word('level', of.severity ?? '') || '–'} /></dd></div>
      <div><dt>${t('col.overturned')}</dt><dd><${Rate} of=${of.overturn_rate} /></dd></div>
      <div><dt>${t('col.judged')}</dt><dd>${number(of.judged)}</dd></div>
    </dl>
    ${of.source && !cover && html`<${Code} text=${of.source} label=${t('review.rule_text')} />`}
  </section>`;
}

function Judgements({ of, hidden }) {
  return html`<section class="card"><h2>${t('review.judgements')}</h2>
    ${hidden && html`<p class="quiet">${t('review.hidden')}</p>`}
    ${!hidden && of.length === 0 && html`<p class="quiet">${t('review.no_judgements')}</p>`}
    <ul class="judgements">${of.map((one) => html`<li>
      <p><b><${Text} of=${one.reviewer} /></b> <span class="tag"><${Text} of=${word('judgement', one.judgement)} /></span>
        ${one.category && html` <span class="tag"><${Text} of=${word('category', one.category)} /></span>`} <${Time} at=${one.at} how="ago" /></p>
      ${one.note && html`<${Text} of=${one.note} block limit=${500} />`}
      ${one.edited && html`<details><summary>${t('judge.edited')}</summary><${Text} of=${one.edited} block /></details>`}
    </li>`)}</ul></section>`;
}

/** Items whose text is almost this one. */
function Near({ rows }) {
  if (rows.length === 0) return null;
  return html`<section class="card"><h2>${t('review.near')}</h2><ul>${rows.map(
    (row) => html`<li><${Id} of=${row.item} to=${['review', row.item]} /> <span class="quiet"><${Text} of=${word('state', row.state)} />
      ${' '}<${Time} at=${row.at} how="ago" /></span></li>`,
  )}</ul></section>`;
}

/** What helps to judge: the rule, what others said, what may become of it. */
export function Beside({ of, cover, onPropose }) {
  const settled = of.item.state === 'settled';
  return html`<aside class="beside" aria-label=${t('review.beside')}>
    <${RuleCard} of=${of.rule} cover=${cover} />
    <${Judgements} of=${of.judgements ?? []} hidden=${of.hidden} />
    ${may('edit') && html`<section class="card"><h2>${t('review.loop')}</h2><div class="stack">
      <button type="button" disabled=${!settled} onClick=${() => onPropose('test-case')}>${t('propose.test')}</button>
      <button type="button" disabled=${!settled || of.item.outcome !== 'overturned'} onClick=${() => onPropose('exception')}>${t('propose.exception')}</button>
      ${!settled && html`<p class="quiet small">${t('propose.settled')}</p>`}</div></section>`}
    <${Near} rows=${(of.alike ?? []).filter((one) => one.same === false)} />
  </aside>`;
}
