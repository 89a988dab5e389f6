import { html } from './html.js';
import { useEffect, useState } from 'preact/hooks';
import { get } from './core/api.js';
import { session } from './core/session.js';
import { prefs } from './core/prefs.js';
import { route } from './core/route.js';
import { lang, t } from './core/words.js';
import { useStore } from './core/hooks.js';
import { settle } from './core/confirm.js';
import { Shell } from './parts/Shell.js';
import { Confirm } from './parts/Confirm.js';
import { Toasts } from './parts/Toasts.js';
import { Fault } from './parts/Notice.js';
import { SignIn } from './pages/SignIn.js';
import { Setup } from './pages/Setup.js';
import { MustChange } from './pages/MustChange.js';

/** Asks once who is signed in; a fault that is not 'nobody' is said, and can be tried again. */
function useWho() {
  const [error, setError] = useState(null);
  const ask = async () => {
    setError(null);
    try {
      session.set(await get('/session'));
    } catch (fault) {
      if (fault.status === 401) session.set(null);
      else setError(fault);
    }
  };
  useEffect(() => void ask(), []);
  return [error, ask];
}

function Within() {
  const who = useStore(session);
  const { path } = useStore(route);
  const [error, ask] = useWho();
  useEffect(() => {
    if (!who) settle(false); // nobody is there to confirm anything
  }, [who]);
  if (error && !who) {
    return html`<main class="gatehouse"><${Fault} error=${error} again=${ask} /></main>`;
  }
  if (who === undefined) return html`<main class="gatehouse"><p role="status">${t('do.loading')}</p></main>`;
  if (who === null) return path[0] === 'setup' ? html`<${Setup} />` : html`<${SignIn} />`;
  if (who.must_change) return html`<${MustChange} />`;
  return html`<${Shell} key=${who.user.id} /><${Confirm} />`;
}

/** The whole console. */
export function App() {
  useStore(prefs);
  const speaks = lang();
  useEffect(() => {
    document.documentElement.lang = speaks === 'zh' ? 'zh-CN' : 'en';
  }, [speaks]);
  return html`<${Within} /><${Toasts} />`;
}
