import { test } from 'node:test';
import assert from 'node:assert/strict';
import { pieces, plain, codeName } from '../src/lib/hidden.js';

const shown = (text) => pieces(text).map((p) => (p.kind === 'seen' ? p.text : `[${p.code}×${p.count}]`)).join('');

test('what cannot be seen becomes a chip with its code', () => {
  assert.equal(shown('a\u200bb'), 'a[U+200B×1]b');
  assert.equal(shown('\u202eevil\u202c'), '[U+202E×1]evil[U+202C×1]');
  assert.equal(shown('a\u0000\u001b[31m'), 'a[U+0000×1][U+001B×1][31m');
  assert.equal(shown('\ufeffx\u00ady\u2066z'), '[U+FEFF×1]x[U+00AD×1]y[U+2066×1]z');
});

test('a run of one character is one chip with a count', () => {
  assert.equal(shown('x' + '\u200b'.repeat(40) + 'y'), 'x[U+200B×40]y');
});

test('line ends and tabs are seen, a lone return is not', () => {
  assert.equal(shown('a\r\nb\n\tc'), 'a\nb\n\tc');
  assert.equal(shown('a\rb'), 'a[U+000D×1]b');
});

test('a message in tag characters is read out', () => {
  const tags = Array.from('ignore all', (c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('');
  const [, chip] = pieces('hi' + tags);
  assert.equal(chip.kind, 'hidden');
  assert.equal(chip.says, 'ignore all');
  assert.equal(chip.count, 10);
});

test('pictures keep their joiners, letters do not', () => {
  assert.equal(shown('👩‍💻❤️'), '👩‍💻❤️');
  assert.equal(shown('a\u200db\ufe0f'), 'a[U+200D×1]b[U+FE0F×1]');
});

test('a tall stack of marks is cut, accents stay', () => {
  assert.equal(shown('e\u0301'), 'e\u0301');
  assert.equal(shown('z' + '\u0336'.repeat(9) + 'y'), 'z\u0336\u0336\u0336[U+0336×6]y');
});

test('half a pair is drawn, whole pairs are text', () => {
  assert.equal(shown('\ud83d'), '[U+D83D×1]');
  assert.equal(shown('😀中文'), '😀中文');
});

test('names of things are one line', () => {
  assert.equal(plain('a\n\nb\u200b'), 'a b<U+200B>');
  assert.equal(codeName('\u{e0041}'), 'U+E0041');
});
