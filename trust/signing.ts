// Ed25519 signatures over statements, as compact JWS. Each kind of statement has one role that may sign it; a verifier
// accepts no other key for it, so an API key cannot sign a verdict. Several public keys per role let keys rotate
// without downtime. May import domain.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactSign, compactVerify } from 'jose';
import type { Signed, Statement } from '../domain/signed.ts';

export type SigningRole = 'api' | 'workflows';

const SIGNED_BY: Record<Statement['kind'], SigningRole> = {
  message: 'api',
  decision: 'api',
  command: 'api',
  upkeep: 'api',
  link: 'api',
  form: 'api',
  verdict: 'workflows',
  report: 'workflows',
};

/** The text is no statement of the expected kind by the role that may make it. */
export class SignatureInvalid extends Error {
  override readonly name = 'SignatureInvalid';
}

/** Who signed it cannot be told: the key is none of those that are known, or not any more. */
export class KeyUnknown extends SignatureInvalid {}

export interface Signer {
  readonly role: SigningRole;
  /** Base64 of the public key (SPKI, DER), for those who verify. */
  readonly publicKey: string;
  sign<S extends Statement>(statement: S): Promise<Signed<S>>;
}

export interface Verifier {
  /** The statement inside the signed bytes. Throws SignatureInvalid with a reason that names no key material. */
  verify<K extends Statement['kind']>(kind: K, signed: string): Promise<Extract<Statement, { kind: K }>>;
}

/** What signed bytes (a compact JWS) say, without any look at who signed them. Throws where they cannot be read. */
export function statementIn<S extends Statement>(signed: Signed<S>): S {
  const [, payload = ''] = signed.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as S;
}

/** A fresh private key, base64 of PKCS#8 DER: what `createSigner` reads. */
export function generateSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}

/** A signer for one role. Throws SignatureInvalid when the text is no Ed25519 private key (base64 of PKCS#8 DER). */
export function createSigner(role: SigningRole, privateKeyText: string): Signer {
  const privateKey = readKey(() =>
    createPrivateKey({ key: Buffer.from(privateKeyText, 'base64'), type: 'pkcs8', format: 'der' }),
  );
  const publicKey = createPublicKey(privateKey);
  const kid = keyId(publicKey);
  return {
    role,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    async sign(statement) {
      if (SIGNED_BY[statement.kind] !== role) throw new SignatureInvalid(`the ${role} role signs no ${statement.kind}`);
      return new CompactSign(Buffer.from(JSON.stringify(statement)))
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: statement.kind })
        .sign(privateKey);
    },
  };
}

/** A verifier over the public keys (base64 of SPKI DER) of each role. A role without keys verifies nothing. */
export function createVerifier(publicKeys: Readonly<Record<SigningRole, readonly string[]>>): Verifier {
  const keys = { api: keysById(publicKeys.api), workflows: keysById(publicKeys.workflows) };
  return {
    async verify<K extends Statement['kind']>(kind: K, signed: string) {
      const { payload } = await compactVerify(
        signed,
        (header) => {
          const key = keys[SIGNED_BY[kind]].get(header.kid ?? '');
          if (key === undefined) throw new KeyUnknown(`not signed by a known key of the ${SIGNED_BY[kind]} role`);
          if (header.typ !== kind) throw new SignatureInvalid(`a ${String(header.typ)}, where a ${kind} is due`);
          return key;
        },
        { algorithms: ['EdDSA'] },
      ).catch((error: unknown) => {
        throw error instanceof SignatureInvalid ? error : new SignatureInvalid(`the signature of the ${kind} is wrong`);
      });
      const statement = JSON.parse(Buffer.from(payload).toString('utf8')) as Extract<Statement, { kind: K }>;
      if (statement.kind !== kind) throw new SignatureInvalid(`a ${statement.kind}, where a ${kind} is due`);
      return statement;
    },
  };
}

function keysById(texts: readonly string[]): ReadonlyMap<string, KeyObject> {
  const keys = texts.map((text) =>
    readKey(() => createPublicKey({ key: Buffer.from(text, 'base64'), type: 'spki', format: 'der' })),
  );
  return new Map(keys.map((key) => [keyId(key), key]));
}

function readKey(read: () => KeyObject): KeyObject {
  try {
    const key = read();
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // The parser's message may quote the key: ours does not.
  }
  throw new SignatureInvalid('not an Ed25519 key in base64 of DER; make one with: countersign keys');
}

function keyId(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}
