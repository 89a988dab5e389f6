import { html } from '../../html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { blurred, session } from '../../core/session.js';
import { go, route } from '../../core/route.js';
import { useKeys } from '../../core/keys.js';
import { useLoad } from '../../core/hooks.js';
import { t, word } from '../../core/words.js';
import { Facts } from '../Facts.js';
import { Icon } from '../Icon.js';
import { CoverNote, Passages } from '../Passages.js';
import { ItemProposal } from '../Proposal.js';
import { Table } from '../Table.js';
import { Text } from '../Text.js';
import { Time } from '../Time.js';
import { To } from '../Id.js';
import { decisionColumns } from '../decisionColumns.js';
import { feedbackColumns } from '../feedbackColumns.js';
import { Beside } from './Beside.js';
import { Break } from './Break.js';
import { Judge } from './Judge.js';

/** Whether an item is held by whoever looks at it. */
export function isMine(item) {
  const me = session.get()?.user;
  return Boolean(item.claimed_by) && (item.claimed_by === me?.name || item.claimed_by === me?.id);
}

function ItemHead({ item, onClaim }) {
  const mine = isMine(item);
  const at = useRef(null);
  useEffect(() => {
    scrollTo(0, 0);
    at.current?.focus();
  }, []);
  return html`<div class="item-head">
    <h2 class="away" tabindex="-1" ref=${at}>${t('col.item')} <${Text} of=${item.rule ?? ''} /></h2>
    <span class="tag"><${Text} of=${word('queue', item.queue)} /></span>
    ${!item.queue.startsWith(item.source) && html`<span class="tag"><${Text} of=${word('source', item.source)} /></span>`}
    <span class="tag"><${Text} of=${word('state', item.state)} /></span>
    ${item.wanted > 1 && html`<span class="tag">${t('review.wanted', { n: item.wanted })}</span>`}
    ${item.severe && html`<span class="tag is-severe"><${Icon} name="warn" />${t('review.severe')}</span>`}
    <span class="quiet"><${Time} at=${item.at} how="ago" /></span>
    <span class="spacer"></span>
    ${item.claimed_by && html`<span class="quiet">${mine ? t('review.mine') : html`${t('review.claimed')} <${Text} of=${item.claimed_by} />`}${' '}
      <${Time} at=${item.claimed_until} /></span>`}
    ${!item.claimed_by && item.state !== 'settled' && html`<button type="button" onClick=${onClaim}>${t('review.claim_this')}</button>`}
  </div>`;
}

function Around({ of }) {
  const d = of.decision;
  if (!d) return null;
  const related = (d.request ?? []).filter((row) => row.decision !== d.decision.decision);
  const feedback = d.feedback ?? [];
  return html`
    ${feedback.length > 0 && html`<section class="card"><h2>${t('review.users_say')}</h2>
      <${Table} caption=${t('review.users_say')} rows=${feedback} columns=${feedbackColumns().filter((c) => !c.decision)} id=${(r) => r.feedback} /></section>`}
    <details class="card"><summary>${t('decision.what')}</summary><${Facts} row=${d.decision} />
      <p><${To} to=${['decisions', d.decision.decision]}>${t('review.to_decision')}<//></p></details>
    ${related.length > 0 && html`<details class="card"><summary>${t('decision.request')}</summary>
      <${Table} caption=${t('decision.request')} rows=${related} columns=${decisionColumns()} id=${(r) => r.decision + r.policy} /></details>`}`;
}

/**
 * One item on the desk: what it is about, and where one judges.
 * @param {{ of: any, busy: boolean, onJudge: (judgement: any) => void, onPass: () => void, onClaim: () => void, early: { current: 'n'|'e'|null } }} props
 */
export function Desk({ of, busy, onJudge, onPass, onClaim, early }) {
  const [open, setOpen] = useState(false);
  const [propose, setPropose] = useState(route.get().params.propose === 'test-case' ? 'test-case' : null);
  const proposal = useLoad(propose && `/review/items/${encodeURIComponent(of.item.item)}/${propose}`);
  const cover = of.item.severe && blurred();
  useKeys({
    x: () => setOpen((old) => !old),
    'g r': () => of.rule && go(['policies', of.rule.policy], { rule: of.rule.id }),
  });
  const alike = (of.alike ?? []).filter((one) => one.item !== of.item.item && one.state !== 'settled' && one.same !== false).length;
  const near = (of.alike ?? []).filter((one) => one.same === false && one.state !== 'settled').map((one) => one.item);
  return html`<div class="desk">
    <div class="desk-main">
      <${Break} severe=${of.item.severe} />
      <${ItemHead} item=${of.item} onClaim=${onClaim} />
      <section class="card" aria-label=${t('decision.passages')}>
        ${cover && !open && html`<${CoverNote} passages=${of.decision?.passages ?? []} category=${of.item.category} onShow=${() => setOpen(true)} keyed />`}
        ${cover && open && html`<p class="small"><button type="button" class="link" onClick=${() => setOpen(false)}>${t('cover.hide')}</button></p>`}
        ${of.decision ? html`<${Passages} of=${of.decision.passages} cover=${cover && !open} />` : html`<p class="empty">${t('review.gone')}</p>`}
      </section>
      <${Judge} item=${of.item} alike=${alike} near=${near} busy=${busy} mine=${isMine(of.item)} onJudge=${onJudge} onPass=${onPass} early=${early} />
      <${Around} of=${of} />
    </div>
    <${Beside} of=${of} cover=${cover && !open} onPropose=${setPropose} />
    ${propose && html`<${ItemProposal} item=${of.item.item} kind=${propose} load=${proposal} onClose=${() => setPropose(null)} />`}
  </div>`;
}
