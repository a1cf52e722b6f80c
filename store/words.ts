// What people say or are called lies in the store under the key of the person whom it is about (see keyring.ts). Of a value
// the words are encrypted and the rest stays, so that it can be looked for, and so that it can be shown after the words are
// erased. May import domain types and trust. Guarantees: words are bound to their table, column and row.
import type { Json, JsonObject } from '../domain/json.ts';
import { decrypt, encrypt } from '../trust/encrypting.ts';
import { type Keyring, keyringOf } from './keyring.ts';
import type { Db, Tables, Tx } from './schema.ts';

/** What stands where words were erased. */
export const ERASED = '[erased]';

/** Paths of the words of each column, and what stands in their place; undefined: nothing. */
export const WORDS = {
  'items.body': { text: ERASED, calls: [], opaque: '', 'from.name': ERASED, lines: [], named: [] },
  'conversations.principal': { name: ERASED },
  'conversations.intake': { facts: [] },
  'actions.proposal': {
    ...{ args: '{}', summary: ERASED, forWhom: ERASED, howMuch: ERASED },
    ...{ provenance: undefined, 'principal.name': ERASED },
  },
  'actions.evidence': { record: {}, subject: '' },
  'actions.verdict': { reason: ERASED, amount: undefined, reserves: undefined },
  'actions.outcome': { result: ERASED, reason: ERASED },
  'claims.outcome': { result: ERASED, reason: ERASED },
  'approvals.approval': {
    ...{ args: '{}', summary: ERASED, forWhom: ERASED, howMuch: ERASED, reason: ERASED },
    ...{ provenance: undefined, evidence: null, decisions: [], asides: undefined },
    // That there was one is no word: rules that name none are told apart by it.
    amount: { currency: '', minorUnits: 0 },
  },
  'api_keys.principal': { name: ERASED },
  'notes.note': { text: ERASED, about: ERASED },
} satisfies Readonly<Record<string, Readonly<Record<string, Json | undefined>>>>;

type Cell = keyof typeof WORDS;
/** Columns that are encrypted whole. */
const TEXTS = [
  ...(['items.salt', 'ledger_seals.salt', 'ledger_seals.body'] as const),
  ...(['facts.key', 'facts.value', 'facts.salt'] as const),
] as const;
/** The column of each table by which its rows are told apart. */
const ID_OF = {
  ...{ items: 'id', conversations: 'id', actions: 'id', claims: 'action_id', approvals: 'id' },
  ...{ ledger_seals: 'seq', api_keys: 'id', facts: 'id', notes: 'id' },
} as const satisfies { readonly [T in keyof Tables]?: keyof Tables[T] };
type Table = keyof typeof ID_OF;

/** The member that holds the words of a value, and how a text begins that is encrypted whole: "~<key id>.<base64>". */
const MARK = '~';

/** `keyId` undefined: they are written as they are. With one, and without a keyring, nothing is written. */
export interface Under {
  readonly on: Db | Tx;
  readonly keyId: string | undefined;
}

/** The value as JSON text, its words encrypted; where the key was destroyed, without them. */
export async function sealedCell(under: Under, cell: Cell, id: string, value: object): Promise<string> {
  const sealing = await sealingUnder(under);
  if (sealing === undefined) return JSON.stringify(value);
  const open = JSON.parse(JSON.stringify(value)) as JsonObject;
  const words: Record<string, Json> = {};
  for (const [path, filler] of Object.entries<Json | undefined>(WORDS[cell])) {
    const word = take(open, path, filler);
    if (word !== undefined) words[path] = word;
  }
  if (Object.keys(words).length === 0) return JSON.stringify(open);
  const sealed = sealing.seal(JSON.stringify(words), placeOf(cell, id));
  return JSON.stringify(sealed === undefined ? open : { ...open, [MARK]: sealed });
}

/** A text, encrypted whole; '' where the key was destroyed. */
export async function sealedText(
  under: Under,
  column: (typeof TEXTS)[number],
  id: string,
  text: string,
): Promise<string> {
  const sealing = await sealingUnder(under);
  if (sealing === undefined) return text;
  const sealed = sealing.seal(text, placeOf(column, id));
  return sealed === undefined ? '' : `${MARK}${sealed}`;
}

/** Rows with their words, and with what stands in their place where they were erased. The id must be among the columns. */
export async function openRows<R extends object>(on: Db | Tx, table: Table, rows: readonly R[]): Promise<R[]> {
  const opened: R[] = [];
  for (const row of rows) opened.push(await openRow(on, table, row));
  return opened;
}

export async function openRow<R extends object>(on: Db | Tx, table: Table, row: R): Promise<R> {
  const columns = row as Readonly<Record<string, unknown>>;
  const opened: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(columns)) {
    const place = `${table}.${column}`;
    const sealed = sealedIn(place, value);
    if (sealed === undefined) continue;
    const id = columns[ID_OF[table]];
    if (typeof id !== 'string' && typeof id !== 'number')
      throw new Error(`words of ${table}.${column} are read without the id of their row`);
    const text = await textOf(on, sealed, placeOf(place, String(id)));
    opened[column] = typeof value === 'string' ? (text ?? '') : withWords(value as JsonObject, text);
  }
  return { ...row, ...opened };
}

async function sealingUnder({ on, keyId }: Under) {
  if (keyId === undefined) return undefined;
  const keyring = keyringOf(on) ?? withoutKeyring();
  const key = await keyring.key(on, keyId);
  const seal = (text: string, place: string): string | undefined =>
    key && `${keyId}.${encrypt(key, Buffer.from(text), place).toString('base64')}`;
  return { seal };
}

/** Undefined: they are erased. */
async function textOf(on: Db | Tx, sealed: string, place: string): Promise<string | undefined> {
  const keyring = keyringOf(on) ?? withoutKeyring();
  const keyId = keyIdIn(sealed);
  const key = await keyring.key(on, keyId);
  return key && decrypt(key, Buffer.from(sealed.slice(keyId.length + 1), 'base64'), place).toString();
}

/** Under the key under which this lies, as `sealedIn` gives it. */
export const underOf = (on: Db | Tx, sealed: string): Under => ({ on, keyId: keyIdIn(sealed) });

const keyIdIn = (sealed: string): string => sealed.slice(0, sealed.indexOf('.'));

function withoutKeyring(): Keyring {
  throw new Error('words in the store are encrypted; set COUNTERSIGN_MASTER_KEY to the key that it was made with');
}

/** What is encrypted of a value; undefined: nothing. Of other columns anybody may have written what looks like it. */
export function sealedIn(column: string, value: unknown): string | undefined {
  if (typeof value === 'string') {
    return TEXTS.some((one) => one === column) && value.startsWith(MARK) ? value.slice(MARK.length) : undefined;
  }
  if (!Object.hasOwn(WORDS, column) || typeof value !== 'object' || value === null) return undefined;
  const sealed = (value as Readonly<Record<string, unknown>>)[MARK];
  return typeof sealed === 'string' ? sealed : undefined;
}

function withWords(value: JsonObject, text: string | undefined): JsonObject {
  const { [MARK]: _, ...whole } = structuredClone(value);
  if (text === undefined) return whole;
  for (const [path, word] of Object.entries(JSON.parse(text) as JsonObject)) put(whole, path, word);
  return whole;
}

/** The object that holds the last member of a path, and that member's name; undefined where there is none. */
function holderOf(root: JsonObject, path: string): readonly [holder: Record<string, Json>, name: string] | undefined {
  const names = path.split('.');
  const name = names.pop() ?? '';
  let holder: Json | undefined = root;
  for (const step of names) holder = isObject(holder) ? holder[step] : undefined;
  return isObject(holder) ? [holder, name] : undefined;
}

function take(root: JsonObject, path: string, filler: Json | undefined): Json | undefined {
  const [holder, name] = holderOf(root, path) ?? [];
  if (holder === undefined || name === undefined || !Object.hasOwn(holder, name)) return undefined;
  const word = holder[name];
  if (filler === undefined) delete holder[name];
  else holder[name] = filler;
  return word;
}

function put(root: JsonObject, path: string, word: Json): void {
  const [holder, name] = holderOf(root, path) ?? [];
  if (holder !== undefined && name !== undefined) holder[name] = word;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const placeOf = (column: string, id: string): string => `${column}/${id}`;
