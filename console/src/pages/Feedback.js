import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { go, route } from '../core/route.js';
import { useLoad, usePages, useStore } from '../core/hooks.js';
import { number } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Choice, Select } from '../parts/Field.js';
import { Head } from '../parts/Head.js';
import { Empty, Loaded } from '../parts/Notice.js';
import { Paged } from '../parts/Table.js';
import { Trend } from '../parts/Trend.js';
import { Score, Shares } from '../parts/Score.js';
import { Text } from '../parts/Text.js';
import { feedbackColumns } from '../parts/feedbackColumns.js';

const KINDS = ['rating', 'thumbs', 'label', 'report', 'appeal'];
const PERIODS = [['30', 'day'], ['90', 'week'], ['365', 'week']];

function Group({ of, bucket }) {
  return html`<section class="card"><h3><${Text} of=${of.route} /> <span class="quiet">${t(`scale.${of.scale}`)}</span></h3>
    <dl class="facts">
      <div><dt>${t('nps.score')}</dt><dd><${Score} of=${of} /></dd></div>
      <div><dt>${t('nps.answers')}</dt><dd>${number(of.answers)}</dd></div>
      <div><dt>${t('nps.mean')}</dt><dd>${number(of.mean, 2)}</dd></div>
      <div><dt>${t('nps.parts')}</dt><dd><${Shares} of=${of} /></dd></div>
    </dl>
    ${of.points?.length > 1 && html`<${Trend} title=${t(`nps.trend_${bucket}`)} points=${of.points} />`}
  </section>`;
}

function Satisfaction() {
  const [days, setDays] = useState('30');
  const bucket = PERIODS.find(([d]) => d === days)[1];
  const load = useLoad(`/satisfaction?days=${days}&bucket=${bucket}`);
  return html`<section aria-labelledby="satisfaction"><div class="part-head"><h2 id="satisfaction">${t('overview.satisfaction')}</h2>
      <${Choice} legend=${t('overview.choose')} value=${days} onInput=${setDays}
        options=${PERIODS.map(([d]) => [d, t('figures.days', { n: Number(d) })])} /></div>
    <p class="says">${t('nps.says')}</p>
    <${Loaded} of=${load}>${(of) => of.groups.length > 0
      ? html`<div class="groups">${of.groups.map((one) => html`<${Group} key=${one.route + one.scale} of=${one} bucket=${bucket} />`)}</div>`
      : html`<${Empty}>${t('overview.no_answers')}<//>`}<//>
  </section>`;
}

/** What users say of decisions. */
export function Feedback() {
  const { params } = useStore(route);
  const kind = KINDS.includes(params.kind) ? params.kind : '';
  const list = usePages('/feedback', { kind });
  return html`<${Head} title=${t('nav.feedback')} says=${t('feedback.says')} />
    <${Satisfaction} />
    <div><div class="part-head"><h2>${t('feedback.list')}</h2>
      <${Select} label=${t('col.kind')} value=${kind} onInput=${(now) => go(['feedback'], { kind: now })}
        options=${[['', t('do.any')], ...KINDS.map((k) => [k, word('kind', k)])]} /></div>
      <${Paged} of=${list} caption=${t('feedback.list')} columns=${feedbackColumns()} id=${(row) => row.feedback} empty=${t('feedback.none')} />
    </div>`;
}
