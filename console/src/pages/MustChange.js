import { html } from '../html.js';
import { t } from '../core/words.js';
import { Gatehouse } from '../parts/Gatehouse.js';
import { ChangePassword } from '../parts/ChangePassword.js';

/** Somebody else knows this password: nothing goes on until it is changed. */
export function MustChange() {
  return html`<${Gatehouse} title=${t('password.title')} says=${t('password.must')}><${ChangePassword} /><//>`;
}
