/**
 * Cuts a text into what can be seen and what cannot, so that a page can draw the latter.
 *
 * @typedef {{ kind: 'seen', text: string }
 *   | { kind: 'hidden', code: string, count: number, says: string }} Piece
 */

/** As many marks above and below one letter are drawn; the rest of the stack becomes a chip. */
const MARKS_SHOWN = 3;

/** The most letters of a message in tag characters that a chip shows. */
const TAG_LETTERS = 80;

const UNSEEN = new RegExp(
  '[' +
    '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f' + // controls
    '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f' + // joiners and fillers
    '\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3164' + // odd blanks, bidi, zero width
    '\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb' + // variation selectors, specials
    '\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}' + // shorthand, music, tags
    '\\u{d800}-\\u{dfff}' + // halves of a pair alone
    ']',
  'u',
);
const MARK = /\p{Mn}|\p{Me}/u;
const EMOJI = /\p{Emoji}/u;
const PICTURE = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f/u;

/** @param {string} char one character @returns {string} its name as `U+200B` */
export function codeName(char) {
  return 'U+' + char.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
}

/** Whether an unseen character is an ordinary part of the picture it stands in. */
function belongs(chars, at) {
  const char = chars[at];
  if (char === '\ufe0f') return at > 0 && EMOJI.test(chars[at - 1]);
  if (char === '\u200d') return at > 0 && PICTURE.test(chars[at - 1]) && PICTURE.test(chars[at + 1] ?? '');
  return false;
}

/** The letter that a tag character stands for, or nothing. */
function tagLetter(char) {
  const code = char.codePointAt(0);
  return code >= 0xe0020 && code <= 0xe007e ? String.fromCharCode(code - 0xe0000) : '';
}

/**
 * @param {string} text
 * @returns {Piece[]} in order; joined, the seen and the hidden are the whole text
 */
export function pieces(text) {
  const chars = Array.from(text);
  /** @type {Piece[]} */
  const out = [];
  let seen = '';
  let stack = 0;
  const flush = () => {
    if (seen) out.push({ kind: 'seen', text: seen });
    seen = '';
  };
  const hide = (char) => {
    flush();
    const last = out.at(-1);
    const letter = tagLetter(char);
    const inTags = letter !== '' && last?.kind === 'hidden' && last.says !== '';
    if (last?.kind === 'hidden' && (last.code === codeName(char) || inTags)) {
      last.count += 1;
      if (last.says.length < TAG_LETTERS) last.says += letter;
      return;
    }
    out.push({ kind: 'hidden', code: codeName(char), count: 1, says: letter });
  };
  chars.forEach((char, at) => {
    stack = MARK.test(char) && !UNSEEN.test(char) ? stack + 1 : 0;
    if (char === '\r') {
      if (chars[at + 1] !== '\n') hide(char);
    } else if (stack > MARKS_SHOWN || (UNSEEN.test(char) && !belongs(chars, at))) {
      hide(char);
    } else {
      seen += char;
    }
  });
  flush();
  return out;
}

/** @param {string} text @returns {string} the text as one line for names of things: chips become `<U+200B>` */
export function plain(text) {
  return pieces(text.replace(/\s+/g, ' '))
    .map((piece) => (piece.kind === 'seen' ? piece.text : `<${piece.code}>`))
    .join('');
}
