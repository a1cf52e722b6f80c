// What must stand in the transcript of a soak's conversation, once nothing is under way: what was said, a reply to it, and
// a report of everything that ended elsewhere, with a reply to that. Pure.
import { parseApprovalId } from '../../../domain/ids.ts';
import { type Life, stops } from './plan.ts';

/** What was said and decided in a conversation. */
export interface Spoken {
  readonly phase: string;
  readonly items: readonly { readonly kind: string; readonly turn: number; readonly text: string }[];
  /** The batches and questions whose report is on record. */
  readonly reports: readonly string[];
  readonly approvals: readonly Asked[];
  readonly actions: readonly { readonly id: string; readonly outcome: string | null }[];
}

interface Asked {
  readonly id: string;
  readonly actionId: string;
  readonly question: string | null;
  readonly end: string;
}

/** What is missing or too much, as sentences. */
export function ofTranscript(life: Life, said: readonly string[], spoken: Spoken): readonly string[] {
  const { phase, items } = spoken;
  const messages = items.flatMap(({ kind, text }) => (kind === 'message' ? [text] : []));
  const isWhole = messages.join('\n') === said.join('\n');
  return [
    ...(isWhole ? [] : [`${said.length} messages were taken; the transcript has: ${messages.join(' / ') || 'none'}`]),
    ...(phase === 'open' ? [] : [`the conversation is ${phase}`]),
    ...ofReplies(life, spoken),
    ...ofReports(spoken),
  ];
}

/** Each turn is answered, once. Who is stopped may have spoken already, and says what is not done. */
function ofReplies(life: Life, { items }: Spoken): readonly string[] {
  const turns = new Set(items.flatMap(({ kind, turn }) => (kind === 'message' || kind === 'report' ? [turn] : [])));
  return [...turns].flatMap((turn) => {
    const replies = items.filter((item) => item.kind === 'reply' && item.turn === turn).length;
    return replies === 1 || (replies > 1 && stops(life)) ? [] : [`turn ${turn} has ${replies} replies`];
  });
}

/** One report of each batch that has ended, and of each question that was answered. */
function ofReports(spoken: Spoken): readonly string[] {
  const due = reportsDue(spoken).toSorted().join();
  const found = spoken.reports.toSorted().join();
  const shown = spoken.items.filter(({ kind }) => kind === 'report').length;
  return [
    ...(due === found ? [] : [`reports are due of: ${due || 'nothing'}; there are of: ${found || 'nothing'}`]),
    ...(shown === spoken.reports.length ? [] : [`${shown} reports of ${spoken.reports.length} are shown`]),
  ];
}

function reportsDue({ approvals, actions }: Spoken): readonly string[] {
  const answered = approvals.filter(({ question, end }) => question !== null && end !== 'open');
  const hasEnded = (batchId: string): boolean =>
    actions.every(({ id, outcome }) => outcome !== null || !isBehind(id, batchId));
  const ended = batchesOf(approvals).filter(hasEnded);
  return [...new Set([...ended, ...answered.map(batchOf)])];
}

/** The batches that people were asked about, each by the id of its first action. */
export const batchesOf = (approvals: readonly Asked[]): readonly string[] => [
  ...new Set(approvals.flatMap((one) => (one.question === null ? [batchOf(one)] : []))),
];

/** Whether an action stands at or behind another one, in the same turn. */
export function isBehind(actionId: string, first: string): boolean {
  const [turn, index] = partsOf(actionId);
  const [turnOfFirst, indexOfFirst] = partsOf(first);
  return turn === turnOfFirst && index >= indexOfFirst;
}

const batchOf = ({ id }: Asked): string => parseApprovalId(id)?.batchId ?? id;

function partsOf(actionId: string): readonly [turn: string, index: number] {
  const at = actionId.lastIndexOf(':');
  return [actionId.slice(0, at), Number(actionId.slice(at + 1))];
}
