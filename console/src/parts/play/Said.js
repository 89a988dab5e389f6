import { html } from '../../html.js';
import { t, word } from '../../core/words.js';
import { Icon } from '../Icon.js';

const ROLES = ['system', 'user', 'assistant', 'tool'];

/** The most turns of a conversation that is tried. */
const TURNS = 40;

/** A conversation, turn by turn. @param {{ value: { role: string, content: string }[], onInput: (v: any[]) => void }} props */
export function Chat({ value, onInput }) {
  const change = (at, part) => onInput(value.map((one, index) => (index === at ? { ...one, ...part } : one)));
  return html`<fieldset class="turns"><legend>${t('play.chat')}</legend>
    ${value.map((one, at) => html`<div class="turn">
      <select aria-label=${t('play.role', { n: at + 1 })} value=${one.role} onChange=${(e) => change(at, { role: e.target.value })}>
        ${ROLES.map((role) => html`<option value=${role} selected=${role === one.role}>${word('author', role)}</option>`)}</select>
      <textarea rows="2" dir="auto" aria-label=${t('play.turn', { n: at + 1 })} value=${one.content}
        onInput=${(e) => change(at, { content: e.target.value })}></textarea>
      <button type="button" class="bare" aria-label=${t('play.remove', { n: at + 1 })} disabled=${value.length === 1}
        onClick=${() => onInput(value.filter((_, index) => index !== at))}><${Icon} name="close" /></button>
    </div>`)}
    <button type="button" disabled=${value.length >= TURNS}
      onClick=${() => onInput([...value, { role: value.at(-1)?.role === 'user' ? 'assistant' : 'user', content: '' }])}>${t('play.add')}</button>
  </fieldset>`;
}
