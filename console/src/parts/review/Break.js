import { html } from '../../html.js';
import { useEffect, useState } from 'preact/hooks';
import { LONG, look } from '../../lib/pause.js';
import { t } from '../../core/words.js';
import { Notice } from '../Notice.js';

/** How often time on severe items is counted, in milliseconds. */
const TICK = 15_000;

const NAME = 'tidegate.strain';
const NONE = { spent: 0, last: 0 };

function kept() {
  try {
    return { ...NONE, ...JSON.parse(sessionStorage.getItem(NAME) ?? '{}') };
  } catch {
    return NONE;
  }
}

function keep(strain) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(strain));
  } catch {
    // nothing is kept: the count starts anew with the page
  }
  return strain;
}

/** Says after long work on severe items that a break would do good. @param {{ severe: boolean }} props */
export function Break({ severe }) {
  const [strain, setStrain] = useState(kept);
  useEffect(() => {
    if (!severe) return undefined;
    const seen = () => document.hidden || setStrain((old) => keep(look(old, Date.now())));
    seen();
    const timer = setInterval(seen, TICK);
    return () => clearInterval(timer);
  }, [severe]);
  if (strain.spent < LONG) return null;
  return html`<${Notice} kind="warn" role="status"><b>${t('break.title')}</b> ${t('break.says', { n: Math.round(strain.spent / 60_000) })}${' '}
    <button type="button" onClick=${() => setStrain(keep(NONE))}>${t('break.done')}</button><//>`;
}
