import { html } from '../html.js';
import { useEffect, useState } from 'preact/hooks';
import { PAGES } from '../pages/index.js';
import { route } from '../core/route.js';
import { may, session } from '../core/session.js';
import { useAct, useStore } from '../core/hooks.js';
import { useKeys } from '../core/keys.js';
import { call } from '../core/api.js';
import { go } from '../core/route.js';
import { t, word } from '../core/words.js';
import { Icon } from './Icon.js';
import { Text } from './Text.js';
import { Mark } from './Logo.js';
import { Language } from './Language.js';
import { Shortcuts } from './Shortcuts.js';
import { Head } from './Head.js';
import { Notice } from './Notice.js';

const allowed = (page) => !page.needs || may(page.needs);

function Menu({ here, onGo }) {
  const groups = ['watch', 'people', 'rules', 'gate'];
  return html`<nav aria-label=${t('nav.label')} id="menu">${groups.map((group) => {
    const pages = PAGES.filter((page) => page.group === group && allowed(page));
    if (pages.length === 0) return null;
    return html`<section><h2>${t(`nav.group.${group}`)}</h2><ul>${pages.map(
      (page) => html`<li><a href=${'#/' + page.name} aria-current=${page.name === here ? 'page' : undefined} onClick=${onGo}>
        <${Icon} name=${page.icon} /><span>${t(`nav.${page.name}`)}</span></a></li>`,
    )}</ul></section>`;
  })}</nav>`;
}

function Person() {
  const who = useStore(session);
  const [out] = useAct(async () => {
    await call('DELETE', '/session');
    session.set(null);
  });
  return html`<div class="person">
    <div class="who"><b><${Text} of=${who.user.name} limit=${40} /></b><span>${word('role', who.user.role)}</span></div>
    <button type="button" class="bare" aria-label=${t('sign.out')} title=${t('sign.out')} onClick=${out}><${Icon} name="out" /></button>
  </div>`;
}

/** The page that the address names, or a word that there is none. */
function Page({ path }) {
  const found = PAGES.find((page) => page.name === (path[0] ?? 'overview') && allowed(page));
  if (!found || path.length > (found.one ? 2 : 1)) {
    return html`<${Head} title=${t('lost.title')} /><${Notice}>${t('lost.says')} <a href="#/overview">${t('nav.overview')}</a><//>`;
  }
  const Shown = path.length > 1 ? found.one : found.page;
  return html`<${Shown} key=${found.page === found.one ? found.name : path.join('/')} id=${path[1]} />`;
}

/** The frame around every page. */
export function Shell() {
  const { path } = useStore(route);
  const [open, setOpen] = useState(false);
  const [help, setHelp] = useState(false);
  useKeys({
    h: () => setHelp(true),
    'g o': () => go(['overview']),
    'g l': () => go(['live']),
    'g d': () => go(['decisions']),
    'g v': () => may('judge') && go(['review']),
    'g p': () => may('read') && go(['playground']),
  });
  useEffect(() => setOpen(false), [path.join('/')]);
  const skip = (event) => {
    event.preventDefault();
    document.querySelector('main h1')?.focus();
  };
  const menuLabel = open ? t('nav.close') : t('nav.open');
  return html`<div class=${'shell' + (open ? ' is-open' : '')}>
    <a class="skip" href="#main" onClick=${skip}>${t('nav.skip')}</a>
    <header class="side">
      <div class="brand"><${Mark} /><span>Tidegate</span>
        <button type="button" class="bare burger" aria-expanded=${open} aria-controls="menu" aria-label=${menuLabel}
          onClick=${() => setOpen(!open)}><${Icon} name=${open ? 'close' : 'menu'} /></button>
      </div>
      <div class="drawer">
        <${Menu} here=${path[0] ?? 'overview'} onGo=${() => setOpen(false)} />
        <div class="foot"><${Person} />
          <div class="foot-row"><${Language} />
            <button type="button" class="bare keys-open" onClick=${() => setHelp(true)}>${t('keys.short')} <kbd>h</kbd></button></div>
        </div>
      </div>
    </header>
    <main id="main"><${Page} path=${path} /></main>
    ${help && html`<${Shortcuts} onClose=${() => setHelp(false)} />`}
  </div>`;
}
