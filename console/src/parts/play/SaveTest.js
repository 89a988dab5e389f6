import { html } from '../../html.js';
import { useState } from 'preact/hooks';
import { call } from '../../core/api.js';
import { useAct } from '../../core/hooks.js';
import { t, word } from '../../core/words.js';
import { ACTIONS } from '../Action.js';
import { Dialog } from '../Dialog.js';
import { Input, Select } from '../Field.js';
import { Proposal } from '../Proposal.js';

/** Makes a test out of a text that was tried. @param {{ policy: string, phase: string, text: string, action: string, onClose: () => void }} props */
export function SaveTest({ policy, phase, text, action, onClose }) {
  const [name, setName] = useState('');
  const [expect, setExpect] = useState(action);
  const [change, setChange] = useState(null);
  const body = { policy, name, phase, text, expect };
  const [show, busy] = useAct(async () => setChange(await call('POST', '/playground/test-case', body)));
  if (change) {
    return html`<${Proposal} title=${t('propose.test')} says=${t('propose.test_says')} onClose=${onClose}
      load=${{ data: change, error: null, loading: false, reload: show }} save=${() => call('POST', '/playground/test-case', { ...body, save: true })} />`;
  }
  const submit = (event) => {
    event.preventDefault();
    show();
  };
  return html`<${Dialog} title=${t('propose.test')} onClose=${onClose}><form onSubmit=${submit}>
    <${Input} label=${t('play.test_name')} help=${t('play.test_name_help')} value=${name} onInput=${setName} required maxlength="200" />
    <${Select} label=${t('play.expect')} value=${expect} onInput=${setExpect} options=${ACTIONS.map((a) => [a, word('action', a)])} />
    <footer><button type="button" onClick=${onClose}>${t('do.cancel')}</button>
      <button type="submit" class="main" disabled=${busy}>${t('play.preview')}</button></footer></form><//>`;
}
