// The tools of a forger: every field of a value altered, one at a time, and compact JWS with any header, payload and key.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { Json, JsonObject } from '../../../domain/json.ts';

export interface Alteration {
  /** "principal.name". */
  readonly path: string;
  readonly how: 'changed' | 'removed' | 'null';
  readonly altered: JsonObject;
}

/** Every path of the value, objects in it included. */
export function pathsOf(value: JsonObject, under = ''): readonly string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = under === '' ? key : `${under}.${key}`;
    return isObject(inner) ? [path, ...pathsOf(inner, path)] : [path];
  });
}

/** Each field changed, removed and made null, one at a time. */
export function alterationsOf(value: JsonObject): readonly Alteration[] {
  return pathsOf(value).flatMap((path): Alteration[] => {
    const before = at(value, path);
    const changed = isObject(before) ? undefined : another(before);
    return [
      ...(changed === undefined ? [] : [{ path, how: 'changed', altered: withAt(value, path, changed) } as const]),
      { path, how: 'removed', altered: withAt(value, path, undefined) },
      ...(before === null ? [] : [{ path, how: 'null', altered: withAt(value, path, null) } as const]),
    ];
  });
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Another value of the same kind, which is as credible as can be. */
function another(value: Json | undefined): Json | undefined {
  if (value === 'irreversible') return 'read';
  if (value === 'nothing') return 'handover';
  if (typeof value === 'string') return value === '' ? 'x' : `${value.slice(0, -1)}${value.endsWith('1') ? '2' : '1'}`;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return [...value, 'x'];
  return value === null ? { id: 'x', deadlineMs: 1 } : undefined;
}

function at(value: JsonObject, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

function withAt(value: JsonObject, path: string, put: Json | undefined): JsonObject {
  const [key = '', ...rest] = path.split('.');
  const inner = value[key];
  const next = rest.length > 0 && isObject(inner) ? withAt(inner, rest.join('.'), put) : put;
  const { [key]: _, ...others } = value;
  return next === undefined ? others : { ...value, [key]: next };
}

/** A private key as the roles hold it, and how a header names it. */
export interface Key {
  readonly private: KeyObject;
  readonly kid: string;
}

export function keyOf(text: string): Key {
  const privateKey = createPrivateKey({ key: Buffer.from(text, 'base64'), type: 'pkcs8', format: 'der' });
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return { private: privateKey, kid: createHash('sha256').update(der).digest('hex').slice(0, 16) };
}

interface Header {
  readonly alg: string;
  readonly kid: string;
  readonly typ: string;
}

const read = (signed: string, part: 0 | 1): unknown =>
  JSON.parse(Buffer.from(signed.split('.')[part] ?? '', 'base64url').toString());

/** What was signed. */
export const payloadOf = (signed: string): JsonObject => read(signed, 1) as JsonObject;
/** By whom, and as what. */
export const headerOf = (signed: string): Header => read(signed, 0) as Header;

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A compact JWS of one's own. Without a key it has no signature. */
export function forge(header: Header, payload: JsonObject, key: Key | undefined): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  const signature = key === undefined ? '' : sign(null, Buffer.from(input), key.private).toString('base64url');
  return `${input}.${signature}`;
}

/** Ways to make a statement say something else without the key of the role that may say it. */
export type Forger = readonly [how: string, make: (genuine: string, payload: JsonObject) => string];

/** `own`: of the role that may sign it; `other`: of the other role; `unknown`: of nobody. */
export function forgersOf(keys: { readonly own: Key; readonly other: Key; readonly unknown: Key }): readonly Forger[] {
  const named = (genuine: string, payload: JsonObject, over: Partial<Header>, key: Key | undefined): string =>
    forge({ ...headerOf(genuine), ...over }, payload, key);
  const { own, other, unknown } = keys;
  return [
    [
      'under its old signature',
      (genuine, payload) => {
        const [head, , signature] = genuine.split('.');
        return `${head}.${base64url(payload)}.${signature}`;
      },
    ],
    ["by the other role's key", (genuine, payload) => named(genuine, payload, { kid: other.kid }, other)],
    ["by the other role's key under the right name", (genuine, payload) => named(genuine, payload, {}, other)],
    ['by an unknown key', (genuine, payload) => named(genuine, payload, { kid: unknown.kid }, unknown)],
    ['by an unknown key under the right name', (genuine, payload) => named(genuine, payload, {}, unknown)],
    ['with alg none', (genuine, payload) => named(genuine, payload, { alg: 'none' }, undefined)],
    ['as another kind', (genuine, payload) => named(genuine, payload, { typ: 'report' }, own)],
  ];
}
