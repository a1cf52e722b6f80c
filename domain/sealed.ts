// Which parts of an entry the ledger does not write down but seals: whatever people say, are called, or may be about. The
// ledger keeps a salted digest of them; the words lie beside it, where they can be erased. Pure. May import domain.
import type { Fact } from './entry.ts';
import type { Json, JsonObject } from './json.ts';

/** Names of members, from the fact inwards: "proposal.principal.name". */
type Path = string;

interface Parts {
  readonly sealed: readonly Path[];
  /** What an entry before it has sealed, and this one names by digest or id: it is left out. */
  readonly elsewhere?: readonly Path[];
}

const NOTHING: Parts = { sealed: [] };

/** Ids of people are written: who did what must be provable, and an id is not a name. */
export const PARTS: Readonly<Record<Fact['kind'], Parts>> = {
  conversation_opened: { sealed: ['principal.name'] },
  phase: { sealed: ['reason'] },
  message: { sealed: ['principal.name', 'signed'] },
  commanded: NOTHING,
  message_refused: NOTHING,
  report_refused: NOTHING,
  model_call: NOTHING,
  model_call_failed: { sealed: ['reason'] },
  replied: NOTHING,
  turn_limited: NOTHING,
  budget_reached: NOTHING,
  budget_opened: NOTHING,
  facts_erased: NOTHING,
  intake: { sealed: ['values'] },
  proposed: {
    sealed: [
      ...['proposal.args', 'proposal.salt', 'proposal.principal.name'],
      // Its paths may be words of the arguments.
      ...['proposal.summary', 'proposal.forWhom', 'proposal.howMuch', 'proposal.provenance'],
    ],
  },
  inspected: { sealed: ['evidence.record', 'evidence.subject'] },
  // Of what the rules saw besides all is sealed, whatever they get to see one day.
  ruled: { sealed: ['verdict.reason', 'verdict.amount', 'evidence.record', 'evidence.subject', 'given', 'signed'] },
  approval_requested: {
    sealed: ['approval.summary', 'approval.forWhom', 'approval.howMuch', 'approval.reason', 'approval.amount'],
    elsewhere: ['approval.args', 'approval.evidence', 'approval.decisions', 'approval.provenance'],
  },
  decided: { sealed: ['signed', 'receipt'] },
  approval_noticed: NOTHING,
  decision_refused: { sealed: ['reason'] },
  approval_settled: {
    sealed: ['approval.summary', 'approval.forWhom', 'approval.howMuch', 'approval.reason', 'approval.amount'],
    elsewhere: ['approval.args', 'approval.evidence', 'approval.decisions', 'approval.asides', 'approval.provenance'],
  },
  claimed: NOTHING,
  attempted: NOTHING,
  reconciled: NOTHING,
  warrant_refused: { sealed: ['reason'] },
  switched: { sealed: ['reason'] },
  ledger_read: NOTHING,
  ledger_resumed: { sealed: ['reason'] },
  settled: { sealed: ['outcome.result', 'outcome.reason'] },
  // Whoever has a guess of a whole card could check it.
  card_shown: { sealed: ['sha256'] },
  approval_seen: NOTHING,
  card_not_shown: { sealed: ['reason'] },
  configured: NOTHING,
  operator_act: { sealed: ['reason'] },
  api_key_added: { sealed: ['principal.name'] },
  api_key_revoked: NOTHING,
  erased: NOTHING,
  maintained: NOTHING,
  master_key_changed: NOTHING,
};

export interface Split {
  /** What is written. */
  readonly open: JsonObject;
  /** What is sealed, by path; empty where there is nothing to seal. */
  readonly sealed: Readonly<Record<Path, Json>>;
}

/** A fact, as JSON keeps it, in its two parts. */
export function splitFact(kind: Fact['kind'], fact: JsonObject): Split {
  const { sealed: paths, elsewhere = [] } = PARTS[kind];
  const open = structuredClone(fact);
  const sealed: Record<Path, Json> = {};
  for (const path of paths) {
    const value = take(open, path);
    if (value !== undefined) sealed[path] = value;
  }
  for (const path of elsewhere) take(open, path);
  return { open, sealed };
}

/** The fact again, of its parts. */
export function joinFact({ open, sealed }: Split): JsonObject {
  const whole = structuredClone(open);
  for (const [path, value] of Object.entries(sealed)) put(whole, path, value);
  return whole;
}

/** A fact whose sealed words are not there, with one word in their place. */
export function filledFact(kind: Fact['kind'], fact: JsonObject, word: string): JsonObject {
  const { sealed } = PARTS[kind];
  return joinFact({ open: fact, sealed: Object.fromEntries(sealed.map((path) => [path, word])) });
}

/** The object that holds the last member of a path, and that member's name; undefined where there is none. */
function holderOf(root: JsonObject, path: Path): { holder: Record<string, Json>; name: string } | undefined {
  const names = path.split('.');
  const name = names.pop() ?? '';
  let holder: Json = root;
  for (const step of names) {
    if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return undefined;
    const next: Json | undefined = (holder as JsonObject)[step];
    if (next === undefined) return undefined;
    holder = next;
  }
  if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return undefined;
  return { holder: holder as Record<string, Json>, name };
}

function take(root: JsonObject, path: Path): Json | undefined {
  const found = holderOf(root, path);
  if (found === undefined || !Object.hasOwn(found.holder, found.name)) return undefined;
  const value = found.holder[found.name];
  delete found.holder[found.name];
  return value;
}

function put(root: JsonObject, path: Path, value: Json): void {
  const found = holderOf(root, path);
  if (found !== undefined) found.holder[found.name] = value;
}
