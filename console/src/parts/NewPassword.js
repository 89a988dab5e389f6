import { html } from '../html.js';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../core/words.js';
import { Field, Input } from './Field.js';

/** A new password, twice; the form is not sent while they differ. @param {{ value: string, onInput: (v: string) => void }} props */
export function NewPassword({ value, onInput }) {
  const [again, setAgain] = useState('');
  const [at, setAt] = useState(null);
  useEffect(() => at?.setCustomValidity(again && again !== value ? t('password.differ') : ''), [at, again, value]);
  return html`
    <${Input} label=${t('password.new')} help=${t('password.help')} type="password" value=${value} onInput=${onInput}
      autocomplete="new-password" required />
    <${Field} label=${t('password.again')}>${(id) => html`
      <input id=${id} type="password" value=${again} required autocomplete="new-password" ref=${setAt}
        onInput=${(event) => setAgain(event.target.value)} />`}<//>`;
}
