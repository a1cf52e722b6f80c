import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Checkpoint,
  checkpointText,
  createNoteSigner,
  NoteInvalid,
  openNote,
  parseCheckpoint,
} from '../../trust/note.ts';
import { generateSigningKey } from '../../trust/signing.ts';

const signer = createNoteSigner('countersign.test/ledger', generateSigningKey());
const text = 'countersign.test/ledger\n3\nrrm8/idLcKFLsGel5VeCZNsPqa9Rtg+hWRWPMp4G53c=\n';
const note = signer.sign(text);
const refuses = (read: () => unknown, words: RegExp) =>
  throws(read, (error: Error) => error instanceof NoteInvalid && words.test(error.message));

test('the text of a note is what was signed, and a signature line begins with an em dash', () => {
  equal(openNote(note, signer.verifierKey), text);
  equal(note.startsWith(`${text}\n\u2014 countersign.test/ledger `), true);
});

// The example of golang.org/x/mod/sumdb/note, the first implementation.
const THEIR_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const THEIR_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const THEIR_NOTE = `${THEIR_TEXT}
\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

test('a note that the Go implementation signed opens here, and its key signs the same bytes here', () => {
  equal(openNote(THEIR_NOTE, THEIR_KEY), THEIR_TEXT);
  const seed = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const peter = createNoteSigner('PeterNeumann', der.toString('base64'));
  deepEqual([peter.verifierKey, peter.sign(THEIR_TEXT)], [THEIR_KEY, THEIR_NOTE]);
});

test('altered text, another key and another name do not verify', () => {
  refuses(() => openNote(note.replace('\n3\n', '\n4\n'), signer.verifierKey), /is wrong/);
  const other = createNoteSigner(signer.name, generateSigningKey());
  refuses(() => openNote(note, other.verifierKey), /not signed by the key countersign\.test\/ledger\+/);
  refuses(() => openNote(other.sign(text), signer.verifierKey), /not signed by the key/);
  refuses(() => openNote(THEIR_NOTE, signer.verifierKey), /not signed by the key/);
  // Under the id of the known key, another's signature.
  const [ours, theirs] = [note, other.sign(text)].map((one) => Buffer.from(one.split(' ').at(-1)!, 'base64'));
  const posing = Buffer.concat([ours!.subarray(0, 4), theirs!.subarray(4)]).toString('base64');
  refuses(() => openNote(`${text}\n\u2014 ${signer.name} ${posing}\n`, signer.verifierKey), /is wrong/);
});

test('signatures of others are passed over, in any order; one wrong signature of the key refuses the note', () => {
  const witness = createNoteSigner('witness.test', generateSigningKey())
    .sign(text)
    .slice(text.length + 1);
  equal(openNote(note + witness, signer.verifierKey), text);
  equal(openNote(`${text}\n${witness}${note.slice(text.length + 1)}`, signer.verifierKey), text);
  const wrong = signer.sign(`${text}more\n`).slice(text.length + 6);
  refuses(() => openNote(note + wrong, signer.verifierKey), /is wrong/);
});

test('a malformed note is refused', () => {
  const line = note.slice(text.length + 1);
  const opened = (bad: string) => () => openNote(bad, signer.verifierKey);
  refuses(opened(''), /no signatures/);
  refuses(opened(text), /no signatures/);
  refuses(opened(note.slice(0, -1)), /no signatures/);
  refuses(opened(text + line), /no signatures/);
  refuses(opened(`\n\n${line}`), /./);
  refuses(opened(note.replace('\u2014', '-')), /em dash/);
  refuses(opened(note.replace('\u2014 ', '\u2014')), /em dash/);
  refuses(opened(note.replace('\u2014 ', '\u2014  ')), /em dash/);
  refuses(opened(`${note}\u2014 witness.test\n`), /em dash/);
  refuses(opened(`${note}\u2014 witness.test AAAA\n`), /em dash/);
  refuses(opened(`${note}\u2014 wit+ness AAAAAAAA\n`), /name of a key/);
  refuses(opened(`${note}trailing\n`), /em dash/);
  refuses(opened(note.replaceAll('\n', '\r\n')), /./);
  refuses(opened(note.replace('=\n\n', '=\t\n\n')), /control characters/);
  // The last character before the padding, one bit further: the same bytes.
  refuses(
    opened(note.replace(/.=\n$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=\n`)),
    /em dash|is wrong/,
  );
  refuses(opened(text + '\n' + line.repeat(101)), /more than 100/);
  refuses(opened('x'.repeat(1_000_001) + note), /longer than/);
});

test('a text that a note cannot hold is not signed', () => {
  refuses(() => signer.sign('no newline'), /ends in a newline/);
  refuses(() => signer.sign('a\u0000b\n'), /control characters/);
  refuses(() => signer.sign('a\rb\n'), /control characters/);
  refuses(() => signer.sign('\ud800\n'), /UTF-8/);
  equal(openNote(signer.sign('è subito\n\nsera\n'), signer.verifierKey), 'è subito\n\nsera\n');
});

test('the name of a key has no space, newline or plus, and is not empty', () => {
  for (const name of ['', 'a b', 'a\nb', 'a+b', 'a\u00a0b', 'a\u2028b', '\ud800']) {
    refuses(() => createNoteSigner(name, generateSigningKey()), /name of a key/);
  }
});

test('text that is no key is refused without being quoted', () => {
  throws(
    () => createNoteSigner('a', 'c2VjcmV0'),
    (error: Error) => error instanceof NoteInvalid && !error.message.includes('c2VjcmV0'),
  );
  const { verifierKey } = signer;
  const [name, id, key] = verifierKey.split(/\+(?=[0-9a-f]{8}\+)|(?<=\+[0-9a-f]{8})\+/);
  equal([name, id, key].join('+'), verifierKey);
  for (const bad of [
    '',
    'a',
    'a+b+c',
    `${name}+${id}`,
    `${name}+00000000+${key}`,
    `other+${id}+${key}`,
    `${verifierKey}A`,
  ]) {
    refuses(() => openNote(note, bad), /key/);
  }
});

test('a checkpoint reads as it was written', () => {
  const checkpoint: Checkpoint = {
    origin: 'countersign.test/ledger',
    size: 3,
    root: Buffer.from(text.slice(26), 'base64'),
  };
  equal(checkpointText(checkpoint), text);
  deepEqual(parseCheckpoint(text), checkpoint);
  // Lines that other logs add.
  deepEqual(parseCheckpoint(`${text}more\n`), checkpoint);
});

test('an origin with a newline, which would speak for another size or root, is refused', () => {
  const root = Buffer.alloc(32);
  refuses(() => checkpointText({ origin: `a\n1\n${root.toString('base64')}`, size: 2, root }), /one line/);
  refuses(() => checkpointText({ origin: 'a\nb', size: 2, root }), /size/);
  refuses(() => checkpointText({ origin: '', size: 2, root }), /origin/);
});

test('what is no checkpoint is refused', () => {
  const [origin, size, root] = text.split('\n');
  const parsed =
    (...lines: readonly (string | undefined)[]) =>
    () =>
      parseCheckpoint(`${lines.join('\n')}\n`);
  equal(parsed(origin, size, root)().size, 3);
  for (const bad of ['', '03', '-3', '3.0', '3 ', '0x3', '9007199254740993', '1e3']) {
    refuses(parsed(origin, bad, root), /size/);
  }
  refuses(parsed('', size, root), /origin/);
  for (const bad of [undefined, 'AAAA', `${root} `, root?.replace('=', ''), root?.replace('3c=', '3d=')]) {
    refuses(parsed(origin, size, bad), /is its root/);
  }
  refuses(parsed(origin, size, root, ''), /empty lines/);
  refuses(parsed(origin, '0', root), /empty ledger/);
  refuses(() => parseCheckpoint(text.slice(0, -1)), /newline/);
});
