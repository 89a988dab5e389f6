import { lang, locale } from './words.js';

/** Times and numbers as the language writes them; what is not there is a dash. */

const NONE = '–';

function date(at) {
  const value = at ? new Date(at) : null;
  return value && !Number.isNaN(value.getTime()) ? value : null;
}

/** @param {string} at @returns {string} day and second */
export function full(at) {
  const value = date(at);
  return value ? new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' }).format(value) : NONE;
}

/** @param {string} at @returns {string} short: the time today, else day and time */
export function brief(at) {
  const value = date(at);
  if (!value) return NONE;
  const today = value.toDateString() === new Date().toDateString();
  const time = { hour: '2-digit', minute: '2-digit' };
  const form = today ? { ...time, second: '2-digit' } : { month: 'short', day: 'numeric', ...time };
  return new Intl.DateTimeFormat(locale(), { ...form, hourCycle: 'h23' }).format(value);
}

/** @param {string} at @returns {string} `5 min ago` */
export function ago(at) {
  const value = date(at);
  if (!value) return NONE;
  const seconds = (value.getTime() - Date.now()) / 1000;
  const form = new Intl.RelativeTimeFormat(lang(), { numeric: 'auto', style: 'short' });
  for (const [unit, size] of [['day', 86_400], ['hour', 3600], ['minute', 60]]) {
    if (Math.abs(seconds) >= size) return form.format(Math.round(seconds / size), unit);
  }
  return form.format(Math.round(seconds), 'second');
}

/** @param {number|null} value @param {number} [digits] @returns {string} */
export function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(Number(value))) return NONE;
  return Number(value).toLocaleString(locale(), { maximumFractionDigits: digits });
}

/** @param {number|null} value 0 to 1 @returns {string} percent */
export function percent(value) {
  if (value === null || value === undefined) return NONE;
  return Number(value).toLocaleString(locale(), { style: 'percent', maximumFractionDigits: 1 });
}

/** @param {number|null} value @returns {string} with its sign */
export function signed(value) {
  if (value === null || value === undefined) return NONE;
  return Number(value).toLocaleString(locale(), { signDisplay: 'exceptZero', maximumFractionDigits: 1 });
}

/** @param {string} from @param {number} hours the whole axis covers @returns {string} the label of a point in time on an axis */
export function tick(from, hours) {
  const value = date(from);
  if (!value) return '';
  const form = hours <= 48 ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } : { month: 'short', day: 'numeric' };
  return new Intl.DateTimeFormat(locale(), form).format(value);
}
