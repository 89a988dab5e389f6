import { html } from '../html.js';
import { Text, nameOf } from './Text.js';
import { address } from '../lib/query.js';

/** So many characters of an id tell two apart in a list. */
const SHORT = 8;

/** An id, cut to what tells it apart, as a link to its page. @param {{ of: string, to?: string[] }} props */
export function Id({ of, to }) {
  const whole = String(of ?? '');
  const short = whole.length > SHORT + 2 ? '…' + whole.slice(-SHORT) : whole;
  const says = html`<code title=${nameOf(whole)}><${Text} of=${short} /></code>`;
  return to ? html`<a href=${address(to)}>${says}</a>` : says;
}

/** A link to a page of the console. @param {{ to: string[], params?: object, children: any }} props */
export function To({ to, params, children, ...more }) {
  return html`<a href=${address(to, params)} ...${more}>${children}</a>`;
}
