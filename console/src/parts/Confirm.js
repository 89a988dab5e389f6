import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { asking, settle } from '../core/confirm.js';
import { call } from '../core/api.js';
import { session } from '../core/session.js';
import { useAct, useStore } from '../core/hooks.js';
import { t } from '../core/words.js';
import { Dialog } from './Dialog.js';
import { Input } from './Field.js';
import { Fault } from './Notice.js';

/** Somebody without a password here: another system signs them in. */
function Elsewhere() {
  return html`<${Dialog} title=${t('confirm.title')} onClose=${() => settle(false)}><p>${t('confirm.elsewhere')}</p>
    <footer><button type="button" onClick=${() => settle(false)}>${t('do.cancel')}</button>
      <a class="button" href="/api/oidc/login?again=true">${t('sign.oidc')}</a></footer><//>`;
}

function Ask() {
  const [password, setPassword] = useState('');
  const [error, setError] = useState(null);
  const [send, busy] = useAct(async () => {
    setError(null);
    try {
      session.set(await call('POST', '/session/confirm', { password }));
      settle(true);
    } catch (fault) {
      setPassword('');
      setError(fault);
    }
  });
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  return html`<${Dialog} title=${t('confirm.title')} onClose=${() => settle(false)}>
    <form onSubmit=${submit}>
      <p>${t('confirm.says')}</p>
      ${error && html`<${Fault} error=${error} />`}
      <${Input} label=${t('sign.password')} type="password" value=${password} onInput=${setPassword}
        autocomplete="current-password" required autofocus />
      <footer>
        <button type="button" onClick=${() => settle(false)}>${t('do.cancel')}</button>
        <button type="submit" class="main" disabled=${busy}>${t('confirm.do')}</button>
      </footer>
    </form>
  <//>`;
}

/** Asks for the password once more while something waits for it. */
export function Confirm() {
  if (!useStore(asking)) return null;
  return session.get()?.has_password === false ? html`<${Elsewhere} />` : html`<${Ask} />`;
}
