import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { en } from '../src/words/en.js';
import { zh } from '../src/words/zh.js';

const src = fileURLToPath(new URL('../src', import.meta.url));
const sources = readdirSync(src, { recursive: true })
  .filter((name) => name.endsWith('.js') && !name.startsWith('words'))
  .map((name) => readFileSync(join(src, name), 'utf8'));
const holes = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

test('both languages say the same things', () => {
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
});

test('both languages have a place for the same values', () => {
  for (const [key, text] of Object.entries(en)) assert.deepEqual(holes(zh[key]), holes(text), key);
});

test('nothing is left empty, and Chinese is Chinese', () => {
  for (const key of Object.keys(en)) {
    assert.ok(en[key].trim() && zh[key].trim(), key);
    const same = ['state.none', 'figures.kappa', 'nps.shares', 'feedback.of'];
    assert.ok(/[\u4e00-\u9fff]/.test(zh[key]) || same.includes(key), `${key}: ${zh[key]}`);
  }
});

test('a number picks the form in both languages', () => {
  for (const words of [en, zh]) {
    for (const [key, text] of Object.entries(words)) {
      if (!text.includes('|')) continue;
      assert.equal(text.split('|').length, 2, key);
      assert.ok(text.includes('{n}'), key);
    }
  }
});

test('every key that a page names is there', () => {
  for (const source of sources) {
    for (const [, key] of source.matchAll(/\b(?:t|said)\('([^']+)'/g)) assert.ok(key in en, key);
    for (const [, start, end] of source.matchAll(/\bt\(`([\w.]*)\$\{[^}]+\}([\w.]*)`/g)) {
      assert.ok(Object.keys(en).some((key) => key.startsWith(start) && key.endsWith(end)), start);
    }
  }
});

test('every key is named by a page', () => {
  const all = sources.join('\n');
  const built = [...all.matchAll(/\bt\(`([\w.]*)\$\{/g)].map((found) => found[1]);
  const groups = [...all.matchAll(/\bword\('([\w.]+)'/g)].map((found) => found[1] + '.');
  const starts = [...built, ...groups, 'fault.'].filter(Boolean);
  for (const key of Object.keys(en)) {
    assert.ok(all.includes(`'${key}'`) || starts.some((start) => key.startsWith(start)), `nobody says ${key}`);
  }
});
