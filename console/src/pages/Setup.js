import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { call } from '../core/api.js';
import { session } from '../core/session.js';
import { go } from '../core/route.js';
import { useAct } from '../core/hooks.js';
import { t } from '../core/words.js';
import { Gatehouse } from '../parts/Gatehouse.js';
import { Input } from '../parts/Field.js';
import { NewPassword } from '../parts/NewPassword.js';
import { Fault } from '../parts/Notice.js';

/** The first person, who shows the token that the gate printed. */
export function Setup() {
  const [token, setToken] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState(null);
  const [send, busy] = useAct(async () => {
    setError(null);
    try {
      session.set(await call('POST', '/setup', { token: token.trim(), name, password }));
      go(['overview']);
    } catch (fault) {
      setError(fault);
    }
  });
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  return html`<${Gatehouse} title=${t('setup.title')} says=${t('setup.says')}>
    <form onSubmit=${submit}>
      ${error && html`<${Fault} error=${error} />`}
      <${Input} label=${t('setup.token')} help=${t('setup.token_help')} value=${token} onInput=${setToken}
        autocomplete="one-time-code" spellcheck="false" required autofocus />
      <${Input} label=${t('sign.name')} value=${name} onInput=${setName} autocomplete="username" required />
      <${NewPassword} value=${password} onInput=${setPassword} />
      <button type="submit" class="main full" disabled=${busy}>${t('setup.do')}</button>
    </form>
    <p class="back"><a href="#/">${t('setup.back')}</a></p>
  <//>`;
}
