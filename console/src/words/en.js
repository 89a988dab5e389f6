import { frame } from './en/frame.js';
import { names } from './en/names.js';
import { work } from './en/work.js';

/** Everything that the console says in English; `one|many` by a number `n`, values in braces. */
export const en = { ...frame, ...work, ...names };
