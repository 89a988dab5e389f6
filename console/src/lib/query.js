/** Queries of addresses and of the API: what is empty is not in them. */

/**
 * @param {Record<string, string|number|boolean|null|undefined>} values
 * @returns {string} `?a=1&b=2`, or nothing
 */
export function query(values) {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null || value === '' || value === false) continue;
    out.append(name, String(value));
  }
  const text = out.toString();
  return text ? '?' + text : '';
}

/**
 * @param {string} hash `#/decisions/ID?rule=x`
 * @returns {{ path: string[], params: Record<string, string> }} parts decoded; what cannot be decoded stays as it is
 */
export function place(hash) {
  const [path, search = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const decode = (part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  };
  return {
    path: path.split('/').filter(Boolean).map(decode),
    params: Object.fromEntries(new URLSearchParams(search)),
  };
}

/** @param {string[]} path @param {object} [params] @returns {string} the address of a page, each part encoded */
export function address(path, params = {}) {
  return '#/' + path.map(encodeURIComponent).join('/') + query(params);
}

/** @param {string} local the value of a `datetime-local` field @returns {string} RFC 3339, or nothing */
export function instant(local) {
  const at = new Date(local);
  return local && !Number.isNaN(at.getTime()) ? at.toISOString() : '';
}

/** @param {string} at RFC 3339 @returns {string} for a `datetime-local` field */
export function local(at) {
  const date = new Date(at);
  if (!at || Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
