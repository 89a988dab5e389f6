import { test } from 'node:test';
import assert from 'node:assert/strict';
import { segments, touched, covered, fit } from '../src/lib/spans.js';

test('overlapping spans are cut at every edge and lose nothing', () => {
  const text = 'abcdefgh';
  const cut = segments(text, [{ start: 1, end: 5 }, { start: 3, end: 7 }]);
  assert.deepEqual(cut.map((s) => [text.slice(s.start, s.end), s.of]), [
    ['a', []], ['bc', [0]], ['de', [0, 1]], ['fg', [1]], ['h', []],
  ]);
  assert.equal(cut.map((s) => text.slice(s.start, s.end)).join(''), text);
});

test('the same span twice is one segment of two', () => {
  assert.deepEqual(segments('abc', [{ start: 0, end: 3 }, { start: 0, end: 3 }]), [{ start: 0, end: 3, of: [0, 1] }]);
});

test('spans beyond the text, backwards or of nothing mark nothing more', () => {
  assert.deepEqual(segments('ab', [{ start: 1, end: 99 }, { start: 5, end: 9 }, { start: 1, end: 0 }, {}]), [
    { start: 0, end: 1, of: [] }, { start: 1, end: 2, of: [0] },
  ]);
});

test('a span never cuts a pair in two', () => {
  assert.deepEqual(fit('a😀b', { start: 2, end: 3 }), { start: 1, end: 3 });
  assert.deepEqual(fit('a😀b', { start: 0, end: 2 }), { start: 0, end: 3 });
});

test('an empty text has no segments', () => {
  assert.deepEqual(segments('', [{ start: 0, end: 1 }]), []);
});

test('whole words are covered where a span touches them', () => {
  const text = 'please hurt somebody now';
  const out = covered(text, [{ start: 9, end: 14 }]);
  assert.equal(out.map((p) => p.text).join(''), 'please ■■■■ ■■■■■■■■ now');
});

test('what is covered is not in the result', () => {
  const joined = covered('the secret word', [{ start: 4, end: 10 }]).map((p) => p.text).join('');
  assert.ok(!joined.includes('secret'));
});

test('without spans every word is covered', () => {
  assert.equal(covered('two words.', []).map((p) => p.text).join(''), '■■■ ■■■■■.');
});

test('Chinese words are covered whole', () => {
  const out = touched('我的密码是什么', [{ start: 2, end: 3 }]);
  assert.equal(out.length, 1);
  assert.ok(out[0].start <= 2 && out[0].end >= 3);
});
