import { prefs } from './prefs.js';
import { en } from '../words/en.js';
import { zh } from '../words/zh.js';

const all = { en, zh };

/** @returns {'en'|'zh'} the language of the page: chosen, or that of the browser */
export function lang() {
  const chosen = prefs.get().lang ?? navigator.languages?.[0] ?? navigator.language ?? 'en';
  return chosen.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** @returns {string} the locale for numbers and times */
export function locale() {
  const found = (navigator.languages ?? []).find((one) => one.toLowerCase().startsWith(lang()));
  return found ?? (lang() === 'zh' ? 'zh-CN' : 'en-GB');
}

/** Picks one of `one|many` by a number. */
function plural(text, values) {
  if (!text.includes('|') || typeof values.n !== 'number') return text;
  const [one, many] = text.split('|');
  return values.n === 1 ? one : many;
}

/**
 * @param {string} key
 * @param {Record<string, any>} [values] for `{name}`; numbers are written as the language does
 * @returns {any[]} texts and the values in between, which may be elements
 */
export function said(key, values = {}) {
  const text = plural(all[lang()][key] ?? en[key] ?? key, values);
  return text.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return part;
    const value = values[part];
    return typeof value === 'number' ? value.toLocaleString(locale()) : (value ?? '');
  });
}

/** @param {string} key @param {Record<string, string|number>} [values] @returns {string} */
export function t(key, values) {
  return said(key, values).join('');
}

/** @param {string} group @returns {string[]} the words of the API in it that we have words for */
export function known(group) {
  return Object.keys(en)
    .filter((key) => key.startsWith(`${group}.`))
    .map((key) => key.slice(group.length + 1));
}

/** @param {string} group @param {string} name a word of the API @returns {string} ours for it, or the word itself */
export function word(group, name) {
  const key = `${group}.${name}`;
  return key in en ? t(key) : String(name ?? '');
}
