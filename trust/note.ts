// Signed notes (C2SP signed-note) and the checkpoints of a log as notes (C2SP tlog-checkpoint), with Ed25519: formats that
// logs, witnesses and auditors' programs of other makers read. May import node:crypto. Guarantees: text comes out of a note
// only once its signature by the one given key is verified; a base64 text is taken in its one spelling, so that no byte of
// what is read can change unseen.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { EMPTY_FRONTIER, HASH_BYTES, rootOf } from './merkle.ts';

/** Not a note that this key signed, or not a checkpoint. The message is a sentence for people. */
export class NoteInvalid extends Error {
  override readonly name = 'NoteInvalid';
}

export interface NoteSigner {
  readonly name: string;
  /** "name+key id+key", which verifies what this signer signs: public, to be kept away from what it verifies. */
  readonly verifierKey: string;
  /** The signed note. The text ends in a newline. Throws NoteInvalid for a text that a note cannot hold. */
  sign(text: string): string;
}

/** What a ledger commits to: that its first `size` entries have this root. */
export interface Checkpoint {
  /** Which ledger. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

// The type byte of Ed25519 in keys and key ids.
const ED25519 = Buffer.of(1);
const KEY_ID_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
// What stands before the 32 bytes in the DER of every Ed25519 public key (SPKI).
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
// An em dash and a space.
const SIGNATURE = '\u2014 ';
// 1,000,000 characters and 100 signatures: what the first implementation of notes, in Go, takes.
const MAX_NOTE_CHARS = 1_000_000;
const MAX_SIGNATURES = 100;

/** A signer. The key is base64 of PKCS#8 DER. Throws NoteInvalid, without quoting the key, when name or key is none. */
export function createNoteSigner(name: string, privateKeyText: string): NoteSigner {
  demandName(name);
  const privateKey = readPrivateKey(privateKeyText);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(SPKI_PREFIX.length);
  const id = keyId(name, publicKey);
  return {
    name,
    verifierKey: `${name}+${id.toString('hex')}+${Buffer.concat([ED25519, publicKey]).toString('base64')}`,
    sign(text) {
      demandText(text);
      const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]);
      return `${text}\n${SIGNATURE}${name} ${signature.toString('base64')}\n`;
    },
  };
}

/**
 * The text of a note that the key signed. Signatures of other keys, such as those of witnesses, are passed over. Throws
 * NoteInvalid: malformed, signed by others only, or altered.
 */
export function openNote(note: string, verifierKey: string): string {
  const { name, id, key } = readVerifierKey(verifierKey);
  if (note.length > MAX_NOTE_CHARS) throw new NoteInvalid(`the note is longer than ${MAX_NOTE_CHARS} characters`);
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw new NoteInvalid('not a signed note: it has no signatures after its text');
  const text = note.slice(0, end + 1);
  demandText(text);
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw new NoteInvalid(`the note has more than ${MAX_SIGNATURES} signatures`);
  const ours = lines.map(readSignature).filter((one) => one.name === name && one.id.equals(id));
  if (ours.length === 0) throw new NoteInvalid(`the note is not signed by the key ${name}+${id.toString('hex')}`);
  if (!ours.every(({ signature }) => verify(null, Buffer.from(text), key, signature))) {
    throw new NoteInvalid(`the signature of ${name} is wrong: the text was altered, or another key signed it`);
  }
  return text;
}

/** The text of a checkpoint. Throws NoteInvalid for an origin that is empty or more than one line, and other nonsense. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  const text = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
  // An origin with a newline would speak for another size or root.
  if (parseCheckpoint(text).origin !== origin) throw new NoteInvalid('the origin of a checkpoint is one line');
  return text;
}

/** The checkpoint in the text of a note. Throws NoteInvalid. */
export function parseCheckpoint(text: string): Checkpoint {
  demandText(text);
  const [origin = '', sizeText = '', rootText = '', ...more] = text.slice(0, -1).split('\n');
  if (origin === '') throw new NoteInvalid('the checkpoint has no origin');
  const size = Number(sizeText);
  if (!/^(?:0|[1-9]\d*)$/.test(sizeText) || !Number.isSafeInteger(size)) {
    throw new NoteInvalid('the second line of a checkpoint is its size, a decimal number');
  }
  const root = fromBase64(rootText);
  if (root?.length !== HASH_BYTES)
    throw new NoteInvalid('the third line of a checkpoint is its root, base64 of 32 bytes');
  if (size === 0 && !root.equals(rootOf(EMPTY_FRONTIER))) throw new NoteInvalid('an empty ledger has no such root');
  // What other logs add after the root says nothing about the tree.
  if (more.includes('')) throw new NoteInvalid('a checkpoint has no empty lines');
  return { origin, size, root };
}

/** The bytes of a base64 text in its one spelling; undefined for any other text. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function readSignature(line: string): { readonly name: string; readonly id: Buffer; readonly signature: Buffer } {
  const [name = '', text = '', ...more] = line.slice(SIGNATURE.length).split(' ');
  const bytes = fromBase64(text);
  if (!line.startsWith(SIGNATURE) || more.length > 0 || bytes === undefined || bytes.length <= KEY_ID_BYTES) {
    throw new NoteInvalid('a signature of the note is malformed: an em dash, a name and base64, with spaces between');
  }
  demandName(name);
  return { name, id: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
}

function readVerifierKey(text: string): { readonly name: string; readonly id: Buffer; readonly key: KeyObject } {
  // Base64 may hold a plus, so only the first two divide.
  const [, name = '', idText = '', keyText = ''] = /^([^+]*)\+([^+]*)\+(.*)$/.exec(text) ?? [];
  demandName(name);
  const bytes = fromBase64(keyText) ?? Buffer.alloc(0);
  const publicKey = bytes.subarray(ED25519.length);
  const id = keyId(name, publicKey);
  if (bytes[0] !== ED25519[0] || publicKey.length !== PUBLIC_KEY_BYTES || id.toString('hex') !== idText) {
    throw new NoteInvalid('not the key of a verifier: it reads name+key id+key, and the id is made of the other two');
  }
  const der = Buffer.concat([SPKI_PREFIX, publicKey]);
  return { name, id, key: createPublicKey({ key: der, type: 'spki', format: 'der' }) };
}

function keyId(name: string, publicKey: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(ED25519).update(publicKey).digest().subarray(0, KEY_ID_BYTES);
}

function readPrivateKey(text: string): KeyObject {
  try {
    const key = createPrivateKey({ key: Buffer.from(text, 'base64'), type: 'pkcs8', format: 'der' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // The parser's message may quote the key: ours does not.
  }
  throw new NoteInvalid('not an Ed25519 key in base64 of DER; make one with: countersign keys');
}

function demandName(name: string): void {
  if (name === '' || /[\s+\p{Cc}\p{Z}]/u.test(name) || !name.isWellFormed()) {
    throw new NoteInvalid('the name of a key is not empty and has no space, newline or plus');
  }
}

/** Text that ends in a newline and has no other control character, so that what is shown is what was signed. */
function demandText(text: string): void {
  if (!text.endsWith('\n')) throw new NoteInvalid('the text of a note ends in a newline');
  if (/[^\P{Cc}\n\u007f-\u009f]/u.test(text) || !text.isWellFormed()) {
    throw new NoteInvalid('the text of a note is UTF-8 without control characters');
  }
}
