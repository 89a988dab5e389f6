import { html } from '../../html.js';
import { t } from '../../core/words.js';
import { Icon } from '../Icon.js';
import { Notice } from '../Notice.js';
import { Text } from '../Text.js';

/** How the tests of a policy went; those that failed first. @param {{ of: any }} props */
export function Tests({ of }) {
  const cases = [...(of.cases ?? [])].sort((a, b) => Number(a.ok) - Number(b.ok));
  return html`<section class="card" aria-label=${t('tests.title')}>
    <${Notice} kind=${of.failed > 0 ? 'bad' : 'good'} role="status"><b>${of.failed > 0 ? t('tests.failed', { n: of.failed }) : t('tests.passed')}</b>${' '}
      ${t('tests.count', { n: of.passed })} ${of.known_gaps > 0 && t('tests.gaps', { n: of.known_gaps })}<//>
    <details open=${of.failed > 0}><summary>${t('tests.cases', { n: cases.length })}</summary>
      <ul class="cases">${cases.map((one) => html`<li class=${one.ok ? 'is-good' : one.todo ? 'is-gap' : 'is-bad'}><${Icon} name=${one.ok ? 'allow' : one.todo ? 'other' : 'close'} />
        <div><span class="away">${one.ok ? t('tests.ok') : one.todo ? t('tests.gap') : t('tests.bad')}</span><${Text} of=${one.name} />
          ${one.why && html`<${Text} of=${one.why} block limit=${400} />`}</div></li>`)}</ul></details></section>`;
}
