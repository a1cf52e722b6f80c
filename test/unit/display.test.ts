// What people are shown of texts that others wrote: each rule of attack class "display spoof", over generated texts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Flag, FLAG_WORDS, flagsOf, shownLine, shownText } from '../../domain/display.ts';
import { writtenOut } from '../../domain/text.ts';
import { looksLatin } from '../../domain/look-alikes.ts';

const LONG = 100_000;
const shown = (text: string) => shownText(text, LONG);
const flags = (text: string): readonly Flag[] => shown(text).flags;

/** Every code point that a pattern matches. */
function all(pattern: RegExp): readonly string[] {
  const found: string[] = [];
  for (let code = 0; code <= 0x10ffff; code += 1) {
    const character = String.fromCodePoint(code);
    if (pattern.test(character)) found.push(character);
  }
  return found;
}

const between = (first: number, last: number): readonly string[] =>
  Array.from({ length: last - first + 1 }, (_, at) => String.fromCodePoint(first + at));

// Whole classes: each of their characters stands between plain letters, where none of them belongs.
const CLASSES: readonly (readonly [rule: string, flag: Flag, characters: readonly string[]])[] = [
  ['what turns text around is written out', 'bidi', all(/\p{Bidi_Control}/u)],
  ['tag characters are written out', 'tag', between(0xe0000, 0xe007f)],
  [
    'what nobody sees is written out',
    'invisible',
    all(/(?![\p{Bidi_Control}\u{e0000}-\u{e007f}])\p{Default_Ignorable_Code_Point}/u),
  ],
  [
    'blanks of odd widths and empty cells are written out',
    'invisible',
    [...between(0x2000, 0x200a), '\u2800', '\u205f'],
  ],
  ['control characters, tabs and returns too, are written out', 'control', all(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}]/u)],
  ['half characters are written out', 'control', ['\ud800', '\udbff', '\udc00', '\udfff']],
  ['what each font shows as it likes is written out', 'control', ['\ue000', '\uf8ff', '\u{f0000}', '\ufffe']],
  [
    'fullwidth letters and digits are written out',
    'look_alike',
    [...between(0xff21, 0xff3a), ...between(0xff10, 0xff19)],
  ],
  ['mathematical letters are written out', 'look_alike', all(/(?=[\p{L}\p{Nd}])[\u{1d400}-\u{1d7ff}]/u)],
  ['circled and squared letters are written out', 'look_alike', [...between(0x24b6, 0x24e9), '\u{1f110}', '\u{1f130}']],
  [
    'signs that are letters by another name are written out',
    'look_alike',
    ['\u212a', '\u212b', '\u2126', 'ﬁ', 'ﬀ', 'ſ'],
  ],
  ['Chinese characters by another name are written out', 'look_alike', between(0xf900, 0xfa0d)],
  [
    'a letter of another script within a Latin word is written out',
    'mixed_script',
    [...'аеорсухѕіјԁһԛԝ', ...'αονικρτυχ'],
  ],
  ['Cherokee, Lisu and Coptic letters within a Latin word are', 'mixed_script', [...'ᎪᏟᎬ', ...'ꓮꓚꓰ', ...'ⲀⲤⲞ']],
  ['phonetic letters within a Latin word are', 'mixed_script', [...'ɑɡᴄᴏꜱᴢ']],
];

for (const [rule, flag, characters] of CLASSES) {
  test(`${rule} (${characters.length} characters, flag ${flag})`, () => {
    for (const character of characters) {
      const { text, flags: found } = shown(`pay${character}pal`);
      assert.equal(text, `pay${writtenOut(character)}pal`);
      assert.deepEqual(found, [flag]);
    }
  });
}

const PLAIN: readonly (readonly [language: string, text: string])[] = [
  ['English', 'Refund order 1042: 72.00 EUR (within 14 days), see https://shop.example/o/1042?x=1'],
  ['French', 'L’œuvre de Zoë à 72 000 € : « déjà réglée » n° 5, 1ᵉʳ étage'],
  ['Turkish', 'Diyarbakır’da ılık çay, ığdır kapısı'],
  ['Icelandic', 'Þórður og Guðrún, það er þungt'],
  ['Vietnamese', 'Người Việt Nam trả 72 đồng ở Huế'],
  ['Greek', 'Καλημέρα κόσμε, η επιστροφή του ποσού είναι 72 €. Ο Ρόκο'],
  ['a Cyrillic name in a Latin address', 'ада@example.com'],
  ['Russian', 'Возврат заказа 1042: хор, сор, роса, 72 рубля; почта@пример.рф'],
  ['Ukrainian', 'Її їжа є, ґанок'],
  ['Armenian', 'Բարեւ աշխարհ և խաղաղություն'],
  ['Georgian', 'გამარჯობა მსოფლიო'],
  ['Japanese', '株式会社Tシャツ、ｶﾅ　返金は７２円ではなく72円です。β版'.replaceAll('７２', '72')],
  ['Chinese', '请退还订单1042的72元,AA制'],
  ['Korean', '주문 1042 환불 ㅋㅋㅋ 大韓民國 A급'],
  ['Arabic', 'مرحبا بالعالم، المبلغ ١٢٣ جنيه مُحَمَّد'],
  ['Persian, with its non-joiners', 'می\u200cخواهم خانه\u200cها ۱۲۳'],
  ['Hebrew with points', 'שָׁלוֹם עוֹלָם'],
  ['Hindi, with joiners', 'नमस्ते दुनिया १०००, क्\u200dष और क्\u200cष'],
  ['Thai', 'น้ำ สวัสดีครับ ๑๒๓'],
  ['Tamil', 'வணக்கம் உலகம்'],
  ['emoji with joiners, tones, selectors and keycaps', '👨‍👩‍👧‍👦 👍🏽 🏳️‍🌈 ❤️‍🔥 👩🏽‍💻 1️⃣ #️⃣ 🇩🇪 ©️ ✈︎'],
  [
    'the flags of England, Scotland and Wales',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} 🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
  ],
  ['a variant of a Chinese character', '葛\u{e0100}飾区'],
  ['units and ordinals', '5 µm, 2º, 3ª, x², ½'],
  ['several languages side by side', 'Hello Привет γειά 世界: SMS-ка, e-почта'],
  ['one Greek letter as a symbol', 'the α release'],
];

for (const [language, text] of PLAIN) {
  test(`plain text keeps every character and gets no flag: ${language}`, () => {
    assert.deepEqual(shown(text), { text, flags: [] });
  });
}

const SPOOFS: readonly (readonly [rule: string, text: string, text2: string, flag: Flag])[] = [
  [
    'a word that reads as Latin, however few of its letters are',
    'раураl',
    '<U+0440><U+0430><U+0443><U+0440><U+0430>l',
    'mixed_script',
  ],
  ['a Latin letter in a Cyrillic word', 'Почтa', 'Почт<U+0061>', 'mixed_script'],
  [
    'a Cyrillic host in a Latin address',
    'https://сосо.com',
    'https://<U+0441><U+043E><U+0441><U+043E>.com',
    'look_alike',
  ],
  ['a look-alike mailbox', 'рора@example.com', '<U+0440><U+043E><U+0440><U+0430>@example.com', 'look_alike'],
  [
    'an address wholly of look-alikes',
    'оро@сосо.со',
    '<U+043E><U+0440><U+043E>@<U+0441><U+043E><U+0441><U+043E>.<U+0441><U+043E>',
    'look_alike',
  ],
  ['a dotless i in an address', 'bıg@example.com', 'b<U+0131>g@example.com', 'look_alike'],
  ['a look-alike part of an identifier', 'order_сор', 'order_<U+0441><U+043E><U+0440>', 'look_alike'],
  ['a look-alike word in Latin text', 'pay to сосо now', 'pay to <U+0441><U+043E><U+0441><U+043E> now', 'look_alike'],
  ['digits of two systems in one number', '1٠0', '1<U+0660>0', 'mixed_script'],
  ['an accent that stands by itself', 'cafe\u0301', 'cafe<U+0301>', 'look_alike'],
  ['a Japanese accent that stands by itself', 'か\u3099', 'か<U+3099>', 'look_alike'],
  ['a mark on nothing', ' \u0332x', ' <U+0332>x', 'control'],
  ['a mark that runs around its letter', 'x\u20dd', 'x<U+20DD>', 'control'],
  ['tags behind a flag that is none of the three', '🏴\u{e0061}', '🏴<U+E0061>', 'tag'],
  ['a selector on a letter', 'a\ufe0f', 'a<U+FE0F>', 'invisible'],
  ['a second selector', '☺\ufe0f\ufe0f', '☺\ufe0f<U+FE0F>', 'invisible'],
  ['a selector on a digit that is no key', '7\ufe0f', '7<U+FE0F>', 'invisible'],
  ['a joiner between Latin letters', 'a\u200db', 'a<U+200D>b', 'invisible'],
  ['a joiner that shapes nothing', 'را\u200cه', 'را<U+200C>ه', 'invisible'],
  ['many line ends', 'a\n\n\n\nb', 'a<4 line ends>b', 'control'],
  ['many blanks', `a${' '.repeat(61)}b`, 'a<61 blanks>b', 'control'],
];

for (const [rule, text, seen, flag] of SPOOFS) {
  test(`made visible: ${rule}`, () => {
    assert.deepEqual(shown(text), { text: seen, flags: [flag] });
  });
}

test('marks without end are written out from the fifth on', () => {
  const { text, flags: found } = shown(`ก${'\u0e49'.repeat(9)}`);
  assert.equal(text, `ก${'\u0e49'.repeat(4)}${'<U+0E49>'.repeat(5)}`);
  assert.deepEqual(found, ['control']);
});

test('every letter of the table of look-alikes is found within a Latin word, but those of living Latin alphabets', () => {
  const missed = all(/\p{L}/u)
    .filter(looksLatin)
    .filter((letter) => flags(`pa${letter}pal`).length === 0);
  assert.deepEqual(missed.toSorted(), [...'þıƒɣʋɩǀƿ'].toSorted());
});

test('what reads as if something were written out is written out itself, so that no two texts look the same', () => {
  for (const [one, other] of [
    ['a\u202eb', 'a<U+202E>b'],
    ['\u202e<U+202E>', '<U+202E>\u202e'],
    [`x${' '.repeat(70)}y`, 'x<70 blanks>y'],
    ['a\n\n\n\n b', 'a\n \n\n\nb'],
    ['a\n\n\n\n b', 'a\n\n\n\n\u00a0b'],
    ['a\n\n\n\n b', 'a<4 line ends, 1 blanks>b'],
    ['a`b', 'a<U+0060>b'],
  ] as const)
    assert.notDeepEqual(shown(one), shown(other), other);
  assert.deepEqual(shown('a<U+202E>b'), { text: 'a<U+003C>U+202E>b', flags: ['look_alike'] });
  assert.deepEqual(shown('a < b, <U+> and <b>'), { text: 'a < b, <U+> and <b>', flags: [] });
});

test('in one line a line end is written out', () => {
  assert.deepEqual(shownLine('a\nb', LONG), { text: 'a<U+000A>b', flags: ['control'] });
});

test('a text that is cut says so, keeps within the limit, and still has the flags of all of it', () => {
  const { text, flags: found } = shownText(`${'a'.repeat(50)}\u202e`, 10);
  assert.deepEqual([text, found], [`${'a'.repeat(9)}…`, ['bidi', 'cut']]);
  assert.deepEqual(shownText('\u202e\u202e', 10), { text: '<U+202E>…', flags: ['bidi', 'cut'] });
  assert.deepEqual(shownText('0123456789', 10), { text: '0123456789', flags: [] });
});

test('every flag has words for people', () => {
  assert.deepEqual(flagsOf(Object.keys(FLAG_WORDS).toReversed() as Flag[]), Object.keys(FLAG_WORDS));
  for (const words of Object.values(FLAG_WORDS)) assert.match(words, /^[a-z][a-z ,]+$/);
});

// Texts of plain pieces and of every class of attack, in any order.
const piece = fc.oneof(
  fc.constantFrom(...PLAIN.map(([, text]) => text)),
  fc.constantFrom(...CLASSES.map(([, , characters]) => characters).flat()),
  fc.constantFrom(...SPOOFS.map(([, text]) => text)),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const anyText = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

// What emoji, keycaps, Chinese variants, Mongolian and joined letters need, taken out before the look.
const IN_PLACE =
  /🏴[\u{e0061}-\u{e007f}]{6}|(?<=\p{Emoji})[\ufe0e\ufe0f]|(?<=\p{Unified_Ideograph})[\ufe00-\ufe02\u{e0100}-\u{e01ef}]|(?<=\ufe0f|\p{Emoji_Modifier}|\p{Extended_Pictographic})\u200d(?=\p{Extended_Pictographic})|(?<=(?![A-Za-z])[\p{L}\p{M}])[\u200c\u200d](?=[\p{L}\p{M}])|(?<=(?=\p{L})\p{Script=Mongolian})[\u180b-\u180d\u180f]/gu;
const HIDDEN = /[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\u2800\ufffc]|(?!\n)\p{Cc}/u;
const hides = (text: string): boolean => HIDDEN.test(shown(text).text.replaceAll(IN_PLACE, ''));

test('no shown text holds a bidi control, a tag or another invisible character outside of emoji and shaped letters', () => {
  fc.assert(
    fc.property(anyText, (text) => !hides(text)),
    { numRuns: 500 },
  );
});

// One of each kind that is shown or written out by what stands beside it.
const JOINING = Array.from('a1अ\u094d\u0301ب\u0627\u17b4\u1820\u180b\u200c\u200d中\ufe00\ufe0f😀\u{1f3fd}');
const JOINED_CHARS = 4;

test(`none of the ${JOINING.length ** JOINED_CHARS} texts of ${JOINED_CHARS} characters that need their neighbours hides one`, () => {
  let texts = [''];
  for (let length = 0; length < JOINED_CHARS; length += 1) {
    texts = texts.flatMap((text) => JOINING.map((character) => text + character));
  }
  assert.deepEqual(texts.filter(hides), []);
});

test('a joiner before a mark that is one too many is written out with it', () => {
  const letter = `अ${'\u0902'.repeat(4)}`;
  assert.equal(shown(`${letter}\u200d\u0902`).text, `${letter}<U+200D><U+0902>`);
  assert.equal(shown(`अ${'\u200d\u0902'.repeat(3)}`).text, 'अ\u200d\u0902\u200d\u0902<U+200D><U+0902>');
});

test('nothing is lost or changed without a flag, and nothing that is flagged looks as it did', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { text: seen, flags: found } = shown(text);
      assert.equal(seen === text, found.length === 0);
    }),
    { numRuns: 500 },
  );
});

test('no text is shown longer than the limit, and a cut one is no other text', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, maxChars) => {
      const cut = shownText(text, maxChars);
      assert.ok(cut.text.length <= maxChars);
      assert.equal(cut.flags.includes('cut'), shown(text).text.length > maxChars);
      if (cut.flags.includes('cut')) assert.ok(shown(text).text.startsWith(cut.text.slice(0, -1)));
    }),
    { numRuns: 300 },
  );
});
