// The entries and items of one conversation as the roles record them, planned as the soak plans its lives: what is said,
// proposed, inspected, ruled, asked, decided, claimed, attempted, settled and replied. For ledgers that are too large to be
// lived through. Guarantees: digests are real, so that `why` can tell each action whole; signatures only look like some.
//
// Measured beside a real soak (12 conversations, 554 entries; there each action was asked about once, by `why`):
//   entries a conversation 46, an action 11.1; model_call 12 %, ruled 12 %, proposed 9 %, ledger_read 9 %, settled 9 %,
//   replied 8 %, attempted 6 %, message, claimed, commanded, phase and each of an approval 3 to 5 %, inspected 2 %;
//   characters of an entry: mean 496, median 362, 95th of a hundred 1,352, longest 2,540. The proof prints those of its own.
import { createHash } from 'node:crypto';
import type { Evidence, Outcome, Proposal } from '../../domain/action.ts';
import { type Approval, openApproval } from '../../domain/approval.ts';
import type { Entry, Fact } from '../../domain/entry.ts';
import { actionId, approvalId, LEDGER_READS, messageKey, reportKey, resultKey, ruledStep } from '../../domain/ids.ts';
import type { Item, ItemBody, Trust } from '../../domain/item.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { actionDigest, canonicalJson, itemDigest, markOf, sha256Hex } from '../../trust/digest.ts';
import { type Answer, ASKING, planLife } from '../proofs/soak/plan.ts';
import type { Random } from '../proofs/support.ts';

export interface Story {
  readonly entries: readonly Entry[];
  readonly items: readonly KeyedItem[];
  readonly actions: readonly ToldAction[];
}

export type KeyedItem = Item & { readonly key: string };

/** What the read model of actions says in the end. */
export interface ToldAction {
  readonly proposal: Proposal;
  readonly evidence: Evidence | null;
  readonly verdict: Verdict;
  readonly approvalId: string | null;
  /** null: it waits for people who do not answer. */
  readonly outcome: Outcome | null;
}

interface Telling {
  readonly id: string;
  readonly random: Random;
  readonly entries: Entry[];
  readonly items: KeyedItem[];
  readonly actions: ToldAction[];
  atMs: number;
  turn: number;
}

export const ADA = { id: 'ada', name: 'ada', tenant: 'default' } as const;
const AGENT = 'prover';
const DAY_MS = 86_400_000;
const RULE_VERSION = '71ea3fc288863d03ba205c901e586974f8cdff9fb93deae7cbce8ded36b27729';

/** One conversation, from its opening on. */
export function aStory(id: string, random: Random, atMs: number): Story {
  const telling: Telling = { id, random, entries: [], items: [], actions: [], atMs, turn: 0 };
  const { deeds, answers } = planLife(id, random);
  const opened = { agent: AGENT, tenant: 'default', owner: 'olga', principal: ADA } as const;
  note(telling, id, 'opened', { kind: 'conversation_opened', ...opened });
  for (const deed of deeds) {
    if (deed.kind === 'say') say(telling, deed.wishes, answers);
    if (deed.kind === 'pause' || deed.kind === 'stop') pause(telling, deed.kind);
  }
  for (const { proposal } of telling.actions) {
    const read = { kind: 'ledger_read', by: 'finn', actionId: proposal.actionId, how: 'why' } as const;
    telling.entries.push({
      ...{ subject: LEDGER_READS, step: `read-${proposal.actionId}`, conversationId: '', atMs: telling.atMs },
      fact: read,
    });
  }
  const { entries, items, actions } = telling;
  return { entries, items, actions };
}

/** What the tools are called with, and what people answer. */
type Wishes = readonly (readonly [tool: string, cents: number])[];

function say(telling: Telling, wishes: Wishes, answers: ReadonlyMap<number, Answer>): void {
  const { id, random } = telling;
  const turn = ++telling.turn;
  const messageId = `m-${hex(random, 32)}`;
  const text = `Please, for order 7: ${wishes.map(([tool, cents]) => `${tool} ${cents}`).join(', ')} [${id}]`;
  const message = write(telling, messageKey(messageId), 'principal', { kind: 'message', text, from: ADA });
  note(telling, id, messageKey(messageId), {
    kind: 'message',
    ...{ turn, messageId, itemId: message.id, itemDigest: itemDigest(message), principal: ADA },
    signed: signedLike(random, {
      kind: 'message',
      conversationId: id,
      messageId,
      principal: ADA,
      textSha256: sha256Hex(text),
      atMs: 1,
    }),
  });
  const calls = wishes.map(([tool, cents], at) => {
    return { callId: `call-${tool}-${at}`, tool, argumentsText: canonicalJson({ cents, order: 7 }) };
  });
  const called = think(telling, 0, { kind: 'calls', text: '', calls, opaque: '' });
  const origin = { messageId, itemId: called.id };
  const proposals = calls.map((call, at) => propose(telling, call, at, origin));
  const batchId = proposals.find(({ tool }) => ASKING.has(tool))?.actionId;
  const later = proposals.map((proposal, at) => act(telling, proposal, at, batchId, answers.get(wishes[at]![1])!));
  think(telling, 1, { kind: 'reply', text: 'I read: Not done yet: it waits for finance.', by: 'model' });
  if (batchId === undefined) return;
  for (const go of later) go();
  telling.turn += 1;
  const ended = proposals.map(({ summary }) => `- ${summary}: succeeded. Result: {"done":true}`).join('\n');
  write(telling, reportKey(batchId), 'untrusted', { kind: 'report', text: `What waited has ended:\n${ended}` });
  think(telling, 0, { kind: 'reply', text: `I read: ${ended}`, by: 'model' });
}

/** A call of the model that saw all of the conversation so far; a reply ends the turn. */
function think(telling: Telling, call: number, body: ItemBody): Item {
  const { id, turn, items } = telling;
  const shown = items.map(markOf);
  const item = write(telling, `turn:${turn}:model:${call}`, 'model', body);
  const made = { turn, itemId: item.id, itemDigest: itemDigest(item) };
  note(telling, id, `model:${turn}:${call}`, {
    ...{ kind: 'model_call', ...made, model: 'model-of-the-proofs', requestId: '', shown },
    ...{ promptTokens: 10, completionTokens: 5, cost: null },
  });
  if (body.kind === 'reply') note(telling, id, `replied:${turn}`, { kind: 'replied', ...made, by: 'model' });
  return item;
}

function propose(
  telling: Telling,
  { tool, callId, argumentsText }: { readonly tool: string; readonly callId: string; readonly argumentsText: string },
  at: number,
  origin: { readonly messageId: string; readonly itemId: string },
): Proposal {
  const { id, random, turn } = telling;
  const parts = { tool, toolVersion: '1', args: argumentsText, principal: ADA, salt: hex(random, 32) };
  const about = { actionId: actionId(id, turn, at), conversationId: id, turn, agent: AGENT, tenant: 'default' };
  const proposal: Proposal = {
    ...{ ...about, ...parts, callId, origin, digest: actionDigest({ ...about, ...parts }) },
    effect: ASKING.has(tool) ? 'irreversible' : tool === 'look' ? 'read' : 'write',
    ...{ summary: tool, timeoutMs: 10_000, inspects: tool === 'pay', preconditions: [], then: 'nothing' },
  };
  note(telling, proposal.actionId, 'proposed', { kind: 'proposed', proposal });
  return proposal;
}

/** What happens to it at once; what comes after people were asked is returned. */
function act(telling: Telling, proposal: Proposal, at: number, batchId: string | undefined, answer: Answer) {
  const { actionId: id, tool } = proposal;
  const asks = ASKING.has(tool);
  const first = inspect(telling, proposal);
  const verdict: Verdict = asks ? ASK(tool) : ALLOW(tool);
  const step = rule(telling, proposal, verdict, first);
  const common = { proposal, evidence: first, verdict };
  const waits = batchId !== undefined && Number(id.split(':')[2]) >= Number(batchId.split(':')[2]);
  write(telling, resultKey(id), 'record', {
    kind: 'tool_result',
    callId: proposal.callId,
    tool,
    text: '{"done":true}',
  });
  if (!waits || batchId === undefined) {
    const outcome = run(telling, proposal, step, []);
    telling.actions.push({ ...common, approvalId: null, outcome });
    return () => undefined;
  }
  if (!asks) {
    return () => {
      const outcome = run(telling, proposal, rule(telling, proposal, verdict, first), []);
      telling.actions.push({ ...common, approvalId: null, outcome });
    };
  }
  const approval = openApproval(approvalId(batchId, at, 0), batchId, proposal, first, ASK(tool), telling.atMs);
  note(telling, approval.id, 'requested', { kind: 'approval_requested', approval });
  return () => {
    const outcome = decide(telling, proposal, approval, answer);
    telling.actions.push({ ...common, approvalId: approval.id, outcome });
  };
}

function decide(telling: Telling, proposal: Proposal, approval: Approval, answer: Answer): Outcome | null {
  const { random } = telling;
  if (answer === 'leave') return null;
  const decisionId = `finn/d-${hex(random, 8)}`;
  const person = { id: 'finn', name: 'finn', tenant: 'default' };
  const said = { answer, reason: 'as planned', person, method: 'api_key', atMs: telling.atMs };
  const statement = { kind: 'decision', approvalId: approval.id, digest: approval.digest, decisionId, ...said };
  const end = answer === 'approve' ? 'approved' : 'denied';
  note(telling, approval.id, 'settled', { kind: 'approval_settled', approval: { ...approval, end } });
  note(telling, approval.id, `decided:${decisionId}`, {
    ...{ kind: 'decided', approvalId: approval.id, decisionId, personId: person.id, answer, method: 'api_key' },
    ...{ signed: signedLike(random, statement), receipt: `${end}: ${approval.summary}` },
  });
  if (answer === 'deny') return settle(telling, proposal, { kind: 'denied', reason: 'denied by finn: as planned' });
  const again = inspect(telling, proposal);
  return run(telling, proposal, rule(telling, proposal, ASK(proposal.tool), again), [decisionId]);
}

function inspect(telling: Telling, { actionId: id, tool, inspects }: Proposal): Evidence | null {
  if (!inspects) return null;
  const evidence = { asOfMs: telling.atMs, version: '1', subject: 'ada', record: { order: 7, state: 'delivered' } };
  note(telling, id, `inspected:${telling.atMs}`, { kind: 'inspected', tool, scopes: ['far:write'], evidence });
  return evidence;
}

/** The step under which it is on record. */
function rule(telling: Telling, proposal: Proposal, verdict: Verdict, evidence: Evidence | null): string {
  const { actionId: id, digest } = proposal;
  const of = {
    actionId: id,
    digest,
    agent: AGENT,
    tenant: 'default',
    principalId: 'ada',
    evidenceSha256: evidence === null ? '' : sha256Hex(canonicalJson({ ...evidence })),
  };
  const signed = signedLike(telling.random, { kind: 'verdict', ...of, verdict, approval: null, atMs: telling.atMs });
  const step = ruledStep(verdict, signed);
  note(telling, id, step, { kind: 'ruled', digest, verdict, evidence, signed });
  return step;
}

function run(telling: Telling, proposal: Proposal, verdictStep: string, decisionIds: readonly string[]): Outcome {
  const { actionId: id, digest, tool, effect, origin } = proposal;
  const warrant = { messageId: origin?.messageId ?? '', verdictStep, decisionIds };
  if (effect !== 'read') note(telling, id, 'claimed', { kind: 'claimed', digest, tool, warrant });
  const attempt = { epoch: effect === 'read' ? 0 : 1, tool, scopes: ['far:write'], credential: 'standing' } as const;
  note(telling, id, 'attempted:1', { kind: 'attempted', ...attempt });
  return settle(telling, proposal, { kind: 'succeeded', result: { done: true } });
}

function settle(telling: Telling, { actionId: id }: Proposal, outcome: Outcome): Outcome {
  note(telling, id, 'settled', { kind: 'settled', outcome });
  return outcome;
}

function pause(telling: Telling, command: 'pause' | 'stop'): void {
  const { id, random } = telling;
  for (const [said, phase] of [
    [command, 'paused'],
    ['resume', 'open'],
  ] as const) {
    note(telling, id, `${said}:${hex(random, 32)}`, { kind: 'commanded', command: said, by: 'finn' });
    note(telling, id, `phase:${hex(random, 32)}`, { kind: 'phase', phase, by: '', reason: 'by command' });
  }
}

const ruling = (tool: string) => ({ ruleId: tool, ruleVersion: RULE_VERSION, reason: 'asks finance' });
const ALLOW = (tool: string) => ({ kind: 'allow', ...ruling(tool) }) as const;
const ASK = (tool: string) =>
  ({ kind: 'ask', ...ruling(tool), group: 'finance', quorum: 1, withinMs: DAY_MS }) as const;

function note(telling: Telling, subject: string, step: string, fact: Fact): void {
  // 40 ms: a conversation of the soak writes some 25 entries a second.
  telling.atMs += 40;
  telling.entries.push({ subject, step, conversationId: telling.id, atMs: telling.atMs, fact });
}

function write({ id, random, turn, items, atMs }: Telling, key: string, trust: Trust, body: ItemBody): KeyedItem {
  const seq = items.length + 1;
  // Not by chance: in 32 bits of it two of a million would meet.
  const own = createHash('sha256').update(`${id} ${seq}`).digest('base64url').slice(0, 22);
  const place = { id: own, conversationId: id, turn, seq };
  const item: KeyedItem = { ...place, key, trust, body, salt: hex(random, 22), createdMs: atMs };
  items.push(item);
  return item;
}

function hex(random: Random, length: number): string {
  let text = '';
  while (text.length < length) text += random.between(0, 0xffff_ffff).toString(16).padStart(8, '0');
  return text.slice(0, length);
}

/** As long as a compact JWS over the statement, and read like one; verified by nobody here. */
function signedLike(random: Random, statement: object): string {
  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = { alg: 'EdDSA', kid: '005698de2874edeb', typ: 'message' };
  return `${base64(header)}.${base64(statement)}.${hex(random, 86)}`;
}
