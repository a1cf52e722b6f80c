// The one error that says "the database cannot be reached now": the caller may try again later, as it is. Made in one
// place, out of what pg, the socket and PostgreSQL say. May import nothing.

/** The database is away, or gave way to another transaction. Nothing here retries; the API answers 503. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** By name, so that a copy of the class from another bundle or thread counts too. */
export function isStoreUnavailable(error: unknown): error is StoreUnavailable {
  return error instanceof Error && error.name === 'StoreUnavailable';
}

// Classes 08 (connection), 53 (no resources), 58 (the disk); 57P01..03 (shutting down, crashed, starting up); 25P03 (we
// slept inside a transaction); 40001 and 40P01 (another transaction won); and what Node says of a socket.
const TRANSIENT_CODES = [
  /^(08|53|58)...$/,
  /^57P0[123]$/,
  /^25P03$/,
  /^(40001|40P01)$/,
  /^(ECONN(REFUSED|RESET|ABORTED)|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN)$/,
];

// Of these the words alone tell: pg and pg-pool give theirs no code.
const TRANSIENT_MESSAGES = [
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed',
  'Cannot use a pool after calling end',
];

/** True when the connection itself is of no more use, so that it must not go back into the pool. */
export function isConnectionLost(error: unknown): boolean {
  return isTransient(error) && !codeOf(error).startsWith('40');
}

/** The error as the callers of the store see it: transient ones become StoreUnavailable, all others stay. */
export function translateError(error: unknown): Error {
  if (!isTransient(error)) return error instanceof Error ? error : new Error(String(error));
  return unavailable(error);
}

/** Whatever it is, it passes. */
export function unavailable(error: unknown): StoreUnavailable {
  const code = codeOf(error);
  const said = error instanceof Error && error.message !== '' ? error.message : 'no answer';
  return new StoreUnavailable(`the database is not available now (${code === '' ? said : `${code}: ${said}`})`, {
    cause: error,
  });
}

function isTransient(error: unknown): boolean {
  if (isStoreUnavailable(error)) return false;
  // Node tries each address of a name, and reports the failures together.
  if (error instanceof AggregateError && error.errors.some(isTransient)) return true;
  const code = codeOf(error);
  if (TRANSIENT_CODES.some((known) => known.test(code))) return true;
  return error instanceof Error && TRANSIENT_MESSAGES.some((known) => error.message.startsWith(known));
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
