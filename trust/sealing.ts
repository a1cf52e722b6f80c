// A word for one process alone, which lies where others can read it: sealed to an X25519 public key, so that whoever holds
// the private one, and nobody else, can open it. As in HPKE: a key of one use is agreed on, and encrypts with AES-256-GCM.
// May import nothing but node:crypto. Guarantees: what is sealed for one occasion does not open for another.
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';

const INFO = 'countersign/sealing/1';
const PUBLIC_BYTES = 44;
const TAG_BYTES = 16;
// Each key encrypts one text, so its nonce may be any.
const NONCE = Buffer.alloc(12);

/** Seals for the holder of the private key; `occasion` must be told again to open it. */
export type Seal = (text: string, occasion: string) => string;
/** Undefined where it was sealed for another key or another occasion, or was altered. */
export type Open = (sealed: string, occasion: string) => string | undefined;

/** A new private key, base64 of PKCS#8 DER. */
export const generateSealingKey = (): string =>
  generateKeyPairSync('x25519').privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');

/** The public key, base64 of SPKI DER. Throws where it is not the private key of an X25519 pair. */
export const sealingPublicKey = (privateKey: string): string =>
  spkiOf(createPublicKey(privateKeyIn(privateKey))).toString('base64');

/** Throws where it is not the public key of an X25519 pair. */
export function createSeal(publicKey: string): Seal {
  const to = publicKeyIn(Buffer.from(publicKey, 'base64'));
  return (text, occasion) => {
    const { privateKey, publicKey: fresh } = generateKeyPairSync('x25519');
    const from = spkiOf(fresh);
    const key = keyOf(diffieHellman({ privateKey, publicKey: to }), from, spkiOf(to));
    const cipher = createCipheriv('aes-256-gcm', key, NONCE).setAAD(Buffer.from(occasion));
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([from, cipher.getAuthTag(), encrypted]).toString('base64url');
  };
}

/** Throws where it is not the private key of an X25519 pair. */
export function createOpen(privateKey: string): Open {
  const own = privateKeyIn(privateKey);
  const to = spkiOf(createPublicKey(own));
  return (sealed, occasion) => {
    const bytes = Buffer.from(sealed, 'base64url');
    const [from, tag] = [bytes.subarray(0, PUBLIC_BYTES), bytes.subarray(PUBLIC_BYTES, PUBLIC_BYTES + TAG_BYTES)];
    try {
      const key = keyOf(diffieHellman({ privateKey: own, publicKey: publicKeyIn(from) }), from, to);
      const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(occasion)).setAuthTag(tag);
      const text = Buffer.concat([decipher.update(bytes.subarray(PUBLIC_BYTES + TAG_BYTES)), decipher.final()]);
      return text.toString('utf8');
    } catch {
      return undefined;
    }
  };
}

const keyOf = (agreed: Buffer, from: Buffer, to: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', agreed, Buffer.concat([from, to]), INFO, 32));

const spkiOf = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });

const publicKeyIn = (der: Buffer): KeyObject => x25519(createPublicKey({ key: der, format: 'der', type: 'spki' }));

const privateKeyIn = (text: string): KeyObject =>
  x25519(createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' }));

function x25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'x25519') return key;
  throw new Error(`it must be an X25519 key, not ${key.asymmetricKeyType}`);
}
