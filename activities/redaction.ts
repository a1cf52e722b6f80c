// Takes known secrets out of whatever a far side said, before it leaves the role that holds them: into an error, a result, a
// log, a history. Knows no tool and no provider, only the secrets themselves. Pure.
// Guarantees: no twelve characters in a row of a secret remain, plain, reversed, escaped, or in hex or base64; of an error
// nothing remains but its name, message, stack and causes, as none of its other fields was looked through.

export interface Redactor {
  text(text: string): string;
  /** The same for every text in a value, keys of objects among them. */
  json<T>(value: T): T;
  error(error: unknown): Error;
}

// 12 characters: chance makes none, and whoever finds fewer of a secret has still to guess the rest.
const PIECE_CHARS = 12;
// 6 characters: what is shorter is in any text by chance, and would spoil it. It is no secret either.
const LEAST_CHARS = 6;
const REDACTED = '[secret]';
// 4: of a chain of causes the last ones say least, and some are circular.
const MAX_CAUSES = 4;

/** A redactor of these secrets; undefined and too short ones are left out. */
export function createRedactor(secrets: readonly (string | undefined)[]): Redactor {
  const pieces = piecesOf(secrets.flatMap((one) => (one === undefined ? [] : secretPartsOf(one))));
  const text = (given: string): string => (pieces.size === 0 ? given : without(given, pieces));
  const json = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(json);
    if (typeof value !== 'object' || value === null) return value;
    if ('toJSON' in value && typeof value.toJSON === 'function') return json(value.toJSON());
    const names = namesOf(Object.keys(value), text);
    return Object.fromEntries(Object.values(value).map((inner, at) => [names[at], json(inner)]));
  };
  return {
    text,
    // What has no secret is handed on as it is.
    json: <T>(value: T): T => (pieces.size === 0 ? value : (json(value) as T)),
    error: (error) => cleanError(error, text, MAX_CAUSES),
  };
}

/** Names without secrets, as many as there were: those that become equal are numbered. */
function namesOf(given: readonly string[], text: (given: string) => string): readonly string[] {
  const clean = given.map(text);
  // What has no secret keeps its name, whatever comes before it.
  const taken = new Set(clean.filter((name, at) => name === given[at]));
  return clean.map((name, at) => {
    if (name === given[at]) return name;
    let free = name;
    for (let nth = 2; taken.has(free); nth++) free = `${name} ${nth}`;
    taken.add(free);
    return free;
  });
}

function cleanError(error: unknown, text: (given: string) => string, causes: number): Error {
  if (!(error instanceof Error)) return new Error('it failed without saying why');
  const { name, message, stack = '', cause } = error;
  const because = cause instanceof Error && causes > 0 ? { cause: cleanError(cause, text, causes - 1) } : {};
  const clean = new Error(text(message), because);
  Object.defineProperties(clean, {
    name: { value: text(name), configurable: true, writable: true },
    stack: { value: text(stack), configurable: true, writable: true },
  });
  return clean;
}

// Of these the path is the name of a database, which is where they lead.
const DATABASES = ['postgres:', 'postgresql:', 'mysql:', 'mariadb:', 'mongodb:', 'mongodb+srv:', 'redis:', 'rediss:'];

/**
 * What is secret of a secret. Of a URL that are its password, the values of its query, and what of its path is long enough
 * to be a token and no word; a user name only where it comes without a password, as a key does. Where it leads is none: a
 * connection's errors name that.
 */
function secretPartsOf(secret: string): readonly string[] {
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(secret) && URL.canParse(secret) ? new URL(secret) : undefined;
  if (url === undefined) return [secret];
  const { protocol, username, password, pathname, search, searchParams, hash } = url;
  const path = DATABASES.includes(protocol) ? [] : pathname.split('/');
  const query = search.slice(1).split('&');
  // What has no name beside it may be a token, or a name alone.
  const words = [...path, ...query.filter((one) => !one.includes('='))];
  const written = [
    password === '' ? username : password,
    ...words.filter(({ length }) => length >= PIECE_CHARS),
    ...query.flatMap((one) => one.split('=').slice(1)),
    hash.slice(1),
  ];
  return [...written.flatMap((part) => [part, decoded(part)]), ...searchParams.values()];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Every piece of every form, by its length. */
type Pieces = ReadonlyMap<number, ReadonlySet<string>>;

function piecesOf(secrets: readonly string[]): Pieces {
  const pieces = new Map<number, Set<string>>();
  const add = (piece: string) => {
    const same = pieces.get(piece.length) ?? new Set<string>();
    pieces.set(piece.length, same.add(piece));
  };
  for (const secret of secrets.filter(({ length }) => length >= LEAST_CHARS)) {
    if (secret.length < PIECE_CHARS) add(secret);
    for (const form of formsOf(secret))
      for (let at = 0; at + PIECE_CHARS <= form.length; at++) add(form.slice(at, at + PIECE_CHARS));
  }
  return pieces;
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const escaped = JSON.stringify(secret).slice(1, -1);
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
  const inUrl = encodeURIComponent(secret.toWellFormed());
  return [
    ...[secret, [...secret].toReversed().join(''), escaped, JSON.stringify(escaped).slice(1, -1)],
    ...[inUrl, inUrl.replace(/%../g, (one) => one.toLowerCase()), inForm, encodeURI(secret.toWellFormed())],
    ...[hex, hex.toUpperCase()],
    ...(['base64', 'base64url'] as const).flatMap((encoding) => [0, 1, 2].map((at) => inBase64(bytes, at, encoding))),
  ];
}

/** Where `before` bytes of something else come first ("user:", say): only the characters that the secret alone decides. */
function inBase64(bytes: Buffer, before: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString(encoding);
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}

function without(text: string, pieces: Pieces): string {
  let clean = '';
  let copied = 0;
  let until = -1;
  for (let at = 0; at < text.length; at++) {
    const end = endOfPiece(text, at, pieces);
    if (end === undefined) continue;
    // A piece that begins within another, or right after it, is of the same gap.
    if (at > until) clean += text.slice(copied, at) + REDACTED;
    until = Math.max(until, end);
    copied = until;
  }
  return clean + text.slice(copied);
}

function endOfPiece(text: string, at: number, pieces: Pieces): number | undefined {
  for (const [length, same] of pieces) if (same.has(text.slice(at, at + length))) return at + length;
  return undefined;
}
