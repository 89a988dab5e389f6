import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { call } from '../core/api.js';
import { go, route } from '../core/route.js';
import { session } from '../core/session.js';
import { useAct, useLoad, useStore } from '../core/hooks.js';
import { t } from '../core/words.js';
import { Gatehouse } from '../parts/Gatehouse.js';
import { Input } from '../parts/Field.js';
import { Fault, Notice } from '../parts/Notice.js';

/** Why another system did not sign somebody in, in words that the gate sends back; others are shown as a general one. */
const ELSEWHERE = ['expired', 'declined', 'no_role', 'refused', 'provider'];

/** Name and password; the address stays, so that one comes back to the same place. */
export function SignIn() {
  const setup = useLoad('/setup');
  const { path, params } = useStore(route);
  const back = path[0] === 'sign-in' ? params.error : undefined;
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState(null);
  const [send, busy] = useAct(async () => {
    setError(null);
    try {
      session.set(await call('POST', '/session', { name, password }));
      if (back) go(['overview']);
    } catch (fault) {
      setPassword('');
      setError(fault);
    }
  });
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  return html`<${Gatehouse} title=${t('sign.title')}>
    ${setup.error && html`<${Fault} error=${setup.error} again=${setup.reload} />`}
    ${setup.data?.store === false && html`<${Notice} kind="warn">${t('setup.no_store')}<//>`}
    ${setup.data?.needed && html`<${Notice}>${t('setup.needed')} <a href="#/setup">${t('setup.title')}</a><//>`}
    ${back && html`<${Notice} kind="warn">${t(`sign.back.${ELSEWHERE.includes(back) ? back : 'provider'}`)}<//>`}
    <form onSubmit=${submit}>
      ${error && html`<${Fault} error=${error} says=${error.status === 401 ? t('sign.wrong') : undefined} />`}
      <${Input} label=${t('sign.name')} value=${name} onInput=${setName} autocomplete="username" required autofocus
        autocapitalize="none" spellcheck="false" />
      <${Input} label=${t('sign.password')} type="password" value=${password} onInput=${setPassword}
        autocomplete="current-password" required />
      <button type="submit" class="main full" disabled=${busy}>${t('sign.in')}</button>
    </form>
    ${setup.data?.oidc && html`<p class="or"><span>${t('sign.or')}</span></p>
      <a class="button full" href="/api/oidc/login">${t('sign.oidc')}</a>`}
  <//>`;
}
