import { html } from '../html.js';
import { t } from '../core/words.js';
import { may } from '../core/session.js';
import { Dialog } from './Dialog.js';

const EVERYWHERE = [
  ['h', 'keys.help'],
  ['g o', 'nav.overview'],
  ['g l', 'nav.live'],
  ['g d', 'nav.decisions'],
  ['g v', 'nav.review', 'judge'],
  ['g p', 'nav.playground', 'read'],
];

const REVIEW = [
  ['c', 'keys.claim'],
  ['j', 'keys.next'],
  ['k', 'keys.previous'],
  ['u', 'keys.uphold'],
  ['o', 'keys.overturn'],
  ['?', 'keys.unsure'],
  ['1 … 9', 'keys.category'],
  ['e', 'keys.edit'],
  ['n', 'keys.note'],
  ['a', 'keys.alike'],
  ['x', 'keys.reveal'],
  ['z', 'keys.undo'],
  ['p', 'keys.pass'],
  ['g r', 'keys.rule'],
  ['/', 'keys.search'],
];

function Keys({ title, of }) {
  return html`<section><h3>${title}</h3><dl class="keys">${of
    .filter(([, , needs]) => !needs || may(needs))
    .map(([keys, says]) => html`<div><dt>${keys.split(' ').map((key) => (key === '…' ? ' … ' : html`<kbd>${key}</kbd>`))}</dt>
      <dd>${t(says)}</dd></div>`)}</dl></section>`;
}

/** All keys, in two lists. */
export function KeyList() {
  return html`<div class="keylists"><${Keys} title=${t('keys.everywhere')} of=${EVERYWHERE} />
    ${may('judge') && html`<${Keys} title=${t('nav.review')} of=${REVIEW} />`}</div>`;
}

/** @param {{ onClose: () => void }} props */
export function Shortcuts({ onClose }) {
  return html`<${Dialog} title=${t('keys.title')} onClose=${onClose} wide><p>${t('keys.says')}</p><${KeyList} /><//>`;
}
