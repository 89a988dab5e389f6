import { frame } from './zh/frame.js';
import { names } from './zh/names.js';
import { work } from './zh/work.js';

/** Everything that the console says in Chinese; `one|many` by a number `n`, values in braces. */
export const zh = { ...frame, ...work, ...names };
