import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { call, get } from '../core/api.js';
import { session } from '../core/session.js';
import { useAct } from '../core/hooks.js';
import { toast } from '../core/toast.js';
import { t } from '../core/words.js';
import { Input } from './Field.js';
import { NewPassword } from './NewPassword.js';
import { Fault } from './Notice.js';

/** The own password: the old one, then the new one twice. */
export function ChangePassword() {
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [error, setError] = useState(null);
  const [turn, setTurn] = useState(0);
  const [send, busy] = useAct(async () => {
    setError(null);
    try {
      await call('PUT', '/password', { old, new: fresh });
      setOld('');
      setFresh('');
      setTurn((n) => n + 1);
      toast(t('password.changed'));
      session.set(await get('/session'));
    } catch (fault) {
      setError(fault);
    }
  });
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  return html`<form onSubmit=${submit}>
    ${error && html`<${Fault} error=${error} />`}
    <${Input} label=${t('password.old')} type="password" value=${old} onInput=${setOld} required
      autocomplete="current-password" />
    <${NewPassword} key=${turn} value=${fresh} onInput=${setFresh} />
    <button type="submit" class="main" disabled=${busy}>${t('password.do')}</button>
  </form>`;
}
