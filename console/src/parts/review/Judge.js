import { html } from '../../html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { CATEGORIES } from './categories.js';
import { useKeys } from '../../core/keys.js';
import { t, word } from '../../core/words.js';
import { Check, Field } from '../Field.js';
import { Icon } from '../Icon.js';

/** The most characters of a note and of an edited answer. */
const NOTE = 2000;
const EDITED = 20_000;

function Categories({ value, onInput }) {
  return html`<div class="categories" role="group" aria-label=${t('judge.category')}>
    <span class="categories-label" aria-hidden="true">${t('judge.category')}</span>
    ${CATEGORIES.map((name, at) => html`<button type="button" aria-pressed=${value === name}
      onClick=${() => onInput(value === name ? '' : name)}><kbd>${at + 1}</kbd> ${word('category', name)}</button>`)}
  </div>`;
}

/**
 * Where one says what one thinks of an item.
 * @param {{ item: any, alike: number, near: string[], busy: boolean, mine: boolean,
 *   onJudge: (judgement: any) => void, onPass: () => void, early: { current: 'n'|'e'|null } }} props
 *   `early`: the key that was pressed before the item was there
 */
export function Judge({ item, alike, near, busy, mine, onJudge, onPass, early }) {
  const [category, setCategory] = useState('');
  const [note, setNote] = useState('');
  const [edited, setEdited] = useState(null);
  const [too, setToo] = useState(false);
  const [nearly, setNearly] = useState(false);
  const noteAt = useRef(null);
  const editedAt = useRef(null);
  const judge = (judgement) =>
    onJudge({
      judgement,
      category: category || undefined,
      note: note.trim() || undefined,
      edited: edited?.trim() ? edited : undefined,
      alike: too || undefined,
      near: nearly ? near : undefined,
    });
  const edit = () => {
    if (edited === null) setEdited('');
    setTimeout(() => editedAt.current?.focus());
  };
  useEffect(() => {
    const key = early.current;
    early.current = null;
    if (key === 'n') noteAt.current.focus();
    if (key === 'e') edit();
  }, []);
  const numbers = Object.fromEntries(
    CATEGORIES.map((name, at) => [String(at + 1), () => setCategory((old) => (old === name ? '' : name))]),
  );
  useKeys({
    ...numbers,
    u: () => judge('upheld'),
    o: () => judge('overturned'),
    '?': () => judge('unsure'),
    '？': () => judge('unsure'),
    e: edit,
    n: () => noteAt.current?.focus(),
    a: () => alike > 0 && setToo((old) => !old),
    p: onPass,
  });
  const leave = (event) => event.key === 'Escape' && event.target.blur();
  const button = (name, key, icon, says) => html`<button type="button" class=${'verdict is-' + name} disabled=${busy}
    onClick=${() => judge(name)}><${Icon} name=${icon} /><span><b>${word('judgement.do', name)}</b><small>${says}</small></span><kbd>${key}</kbd></button>`;
  return html`<section class="judge card" aria-label=${t('judge.title')}>
    <div class="verdicts">
      ${button('upheld', 'u', 'allow', t('judge.upheld'))}
      ${button('overturned', 'o', 'respond', t('judge.overturned'))}
      ${button('unsure', '?', 'other', t('judge.unsure'))}
      <button type="button" class="verdict is-pass" disabled=${busy} onClick=${onPass} title=${t('judge.pass_says')}>
        <span><b>${t('judge.pass')}</b><small>${mine ? t('judge.pass_mine') : t('judge.pass_on')}</small></span><kbd>p</kbd></button>
    </div>
    <${Categories} value=${category} onInput=${setCategory} />
    <div class="judge-more">
      <${Field} label=${html`${t('judge.note')} <kbd>n</kbd>`}>${(id) => html`<textarea id=${id} ref=${noteAt} rows="1" maxlength=${NOTE}
        value=${note} onInput=${(e) => setNote(e.target.value)} onKeyDown=${leave}></textarea>`}<//>
      ${edited === null
        ? html`<button type="button" onClick=${edit}>${t('judge.edit')} <kbd>e</kbd></button>`
        : html`<${Field} label=${t('judge.edited')} help=${t('judge.edited_help')}>${(id, help) => html`<textarea id=${id} ref=${editedAt}
            rows="3" maxlength=${EDITED} value=${edited} aria-describedby=${help} onInput=${(e) => setEdited(e.target.value)}
            onKeyDown=${leave}></textarea>`}<//>`}
      ${alike > 0 && html`<${Check} label=${html`${t('judge.alike', { n: alike })} <kbd>a</kbd>`} checked=${too} onInput=${setToo} />`}
      ${near.length > 0 && html`<${Check} label=${t('judge.near', { n: near.length })} checked=${nearly} onInput=${setNearly} />`}
    </div>
    ${item.state === 'settled' && html`<p class="quiet small">${t('judge.settled')}</p>`}
  </section>`;
}
