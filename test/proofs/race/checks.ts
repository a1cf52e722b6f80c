// What must hold of a conversation of the proof `race` once nothing is under way: each message once and in order, each
// approval with one end, effects by leave alone. Asked of the store and of the far sides, not of what the API believes.
import { claimProblems } from '../rig/claims.ts';
import type { Rig } from '../rig/rig.ts';
import { ask, createTruth } from '../rig/truth.ts';
import type { Known } from './people.ts';

export interface Found {
  readonly items: readonly { readonly key: string; readonly kind: string; readonly turn: number }[];
  readonly approvals: readonly Asked[];
  /** Entries of the ledger about the end of an approval, and decisions that count. */
  readonly ends: readonly { readonly subject: string; readonly end: string }[];
  readonly decided: readonly { readonly subject: string; readonly answer: string; readonly person: string }[];
  /** The phases on record, oldest first. */
  readonly phases: readonly string[];
}

interface Asked {
  readonly id: string;
  readonly batch: string;
  readonly action: string;
  readonly end: string;
}

const ENTITLED = new Set(['finn', 'olga']);
const ENDS = new Set(['approved', 'denied', 'expired', 'cancelled', 'superseded']);
/** Tools about which people are asked. */
const ASKED = ['pay', 'shout'];

export async function lookAt(rig: Rig, id: string): Promise<Found> {
  const rows = <Row extends object>(text: string) => ask<Row>(rig, text, [id]);
  const entries = (kind: string, columns: string) =>
    `select subject, ${columns} from countersign.ledger where conversation_id = $1 and kind = '${kind}' order by seq`;
  const [items, approvals, ends, decided, phases] = await Promise.all([
    rows<Found['items'][number]>(
      'select key, kind, turn from countersign.items where conversation_id = $1 order by seq',
    ),
    rows<Asked>(
      `select id, batch_id as batch, approval->>'actionId' as action, end_state as end
       from countersign.approvals where conversation_id = $1`,
    ),
    rows<Found['ends'][number]>(entries('approval_settled', `entry::json->'fact'->'approval'->>'end' as end`)),
    rows<Found['decided'][number]>(
      entries('decided', `entry::json->'fact'->>'answer' as answer, entry::json->'fact'->>'personId' as person`),
    ),
    rows<{ phase: string }>(entries('phase', `entry::json->'fact'->>'phase' as phase`)),
  ]);
  return { items, approvals, ends, decided, phases: phases.map(({ phase }) => phase) };
}

/** What is under way still, as sentences. */
export function underWay({ items, approvals }: Found, { chains }: Known): readonly string[] {
  const open = approvals.filter(({ end }) => end === 'open').map(({ id }) => `${id} is open`);
  const keys = new Set(items.map(({ key }) => key));
  const lost = chains.flat().filter((message) => !keys.has(`message:${message}`));
  const silent = turnsOf(items).filter((turn) => repliesIn(items, turn) === 0);
  const untold = batchesOf(approvals).filter((batch) => !keys.has(`report:${batch}`));
  return [
    ...open,
    ...lost.map((message) => `${message} was answered 2xx and is not in the transcript`),
    ...silent.map((turn) => `turn ${turn} has no reply`),
    ...untold.map((batch) => `how ${batch} ended is not told`),
  ];
}

const batchesOf = (approvals: readonly Asked[]): readonly string[] => [...new Set(approvals.map(({ batch }) => batch))];

const turnsOf = (items: Found['items']): readonly number[] => [
  ...new Set(items.flatMap(({ kind, turn }) => (kind === 'message' || kind === 'report' ? [turn] : []))),
];

const repliesIn = (items: Found['items'], turn: number): number =>
  items.filter((item) => item.kind === 'reply' && item.turn === turn).length;

export async function problemsOf(rig: Rig, id: string, found: Found, known: Known): Promise<readonly string[]> {
  const effects = await createTruth(rig).effectsOf(id);
  const asked = new Set(
    rig.far.effects.flatMap(({ key, tool }) => (key.startsWith(`${id}:`) && ASKED.includes(tool) ? [key] : [])),
  );
  return [
    ...known.problems,
    ...underWay(found, known),
    ...ofMessages(found, known),
    ...ofReplies(found, known),
    ...ofApprovals(found),
    ...ofPhases(found),
    ...ofEffects(
      found,
      [...effects].filter(([key]) => asked.has(key)),
    ),
    ...(await claimProblems(rig, id)),
  ];
}

/** Each once, and in the order in which its sender had them answered. */
function ofMessages({ items }: Found, { chains, unsure }: Known): readonly string[] {
  const said = items.flatMap(({ key, kind }) => (kind === 'message' ? [key] : []));
  const taken = new Set(chains.flat().map((message) => `message:${message}`));
  const strange = said.filter((key) => !taken.has(key));
  const twice = said.length - new Set(said).size;
  const places = new Map(said.map((key, at) => [key, at]));
  const disordered = chains.filter((chain) => {
    const order = chain.map((message) => places.get(`message:${message}`) ?? -1);
    return order.some((place, at) => at > 0 && place < (order[at - 1] ?? 0));
  });
  return [
    ...(twice === 0 ? [] : [`${twice} messages stand twice`]),
    ...(strange.length <= unsure ? [] : [`${strange.length} messages were refused and stand there`]),
    ...disordered.map((chain) => `out of order: ${chain.join(', ')}`),
  ];
}

/** One to a turn; who is stopped may have spoken already, and says what is not done. */
function ofReplies({ items }: Found, { stops }: Known): readonly string[] {
  const most = stops === 0 ? 1 : 2;
  const tooMany = turnsOf(items).filter((turn) => repliesIn(items, turn) > most);
  return tooMany.map((turn) => `turn ${turn} has ${repliesIn(items, turn)} replies`);
}

function ofApprovals({ approvals, ends }: Found): readonly string[] {
  return approvals.flatMap(({ id, end }) => {
    const told = ends.filter(({ subject }) => subject === id).map((one) => one.end);
    if (told.length === 1 && told[0] === end && ENDS.has(end)) return [];
    return [`${id} is ${end}; on record are the ends: ${told.join(', ') || 'none'}`];
  });
}

/** Each change once: a conversation enters no phase that it is in. */
function ofPhases({ phases }: Found): readonly string[] {
  const twice = phases.flatMap((phase, at) => (phase === phases[at - 1] ? [phase] : []));
  return twice.map((phase) => `${phase} stands on record twice in a row: ${phases.join(', ')}`);
}

/** At most one, and that of an action of which somebody entitled has approved the asking. */
function ofEffects({ approvals, decided }: Found, effects: readonly (readonly [string, number])[]): readonly string[] {
  return effects.flatMap(([action, times]) => {
    const given = approvals.filter((one) => one.action === action && one.end === 'approved');
    const isApproved = given.some(({ id }) =>
      decided.some(({ subject, answer, person }) => subject === id && answer === 'approve' && ENTITLED.has(person)),
    );
    return [
      ...(times === 1 ? [] : [`${action} happened ${times} times`]),
      ...(isApproved ? [] : [`${action} happened without leave`]),
    ];
  });
}
