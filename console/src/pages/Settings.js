import { html } from '../html.js';
import { call } from '../core/api.js';
import { prefer, prefs } from '../core/prefs.js';
import { blurred, may, session } from '../core/session.js';
import { useAct, useStore } from '../core/hooks.js';
import { t, word } from '../core/words.js';
import { ChangePassword } from '../parts/ChangePassword.js';
import { Check } from '../parts/Field.js';
import { Head } from '../parts/Head.js';
import { Language } from '../parts/Language.js';
import { KeyList } from '../parts/Shortcuts.js';
import { Text } from '../parts/Text.js';
import { Time } from '../parts/Time.js';
import { People } from '../parts/settings/People.js';
import { Tokens } from '../parts/settings/Tokens.js';

function Looks() {
  const liked = useStore(prefs);
  return html`<section class="card"><h2>${t('settings.looks')}</h2>
    <div class="stack"><div class="row"><span>${t('settings.language')}</span><${Language} /></div>
      ${may('judge') && html`<${Check} label=${t('settings.blur')} checked=${blurred()} onInput=${(blur) => prefer({ blur })} />
        <${Check} label=${t('review.advance')} checked=${liked.advance} onInput=${(advance) => prefer({ advance })} />`}
      <${Check} label=${t('settings.keys')} checked=${liked.keys} onInput=${(keys) => prefer({ keys })} />
      <p class="quiet small">${t('settings.kept')}</p></div></section>`;
}

function Here() {
  const who = useStore(session);
  const [out] = useAct(async () => {
    await call('DELETE', '/session');
    session.set(null);
  });
  return html`<section class="card"><h2>${t('settings.session')}</h2>
    <dl class="facts"><div><dt>${t('sign.name')}</dt><dd><${Text} of=${who.user.name} /></dd></div>
      <div><dt>${t('col.role')}</dt><dd><${Text} of=${word('role', who.user.role)} /></dd></div>
      <div><dt>${t('settings.ends')}</dt><dd><${Time} at=${who.ends_at} how="full" /></dd></div>
      <div><dt>${t('settings.idle')}</dt><dd>${t('settings.minutes', { n: Math.round(who.idle_s / 60) })}</dd></div></dl>
    <p class="quiet">${t('settings.others_end')}</p>
    <button type="button" onClick=${out}>${t('sign.out')}</button></section>`;
}

/** The own password, tokens and likings; for who manages, people. */
export function Settings() {
  return html`<${Head} title=${t('nav.settings')} />
    <div class="columns even"><div><${Looks} /><${Here} /></div>
      ${session.get().has_password !== false && html`<section class="card slim"><h2>${t('password.title')}</h2><${ChangePassword} /></section>`}</div>
    <${Tokens} />
    ${may('manage') && html`<${People} />`}
    <section class="card"><h2>${t('keys.title')}</h2><p class="quiet">${t('keys.says')}</p><${KeyList} /></section>`;
}
