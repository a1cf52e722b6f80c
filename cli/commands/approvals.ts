// What waits for a person, for leave or for an answer: the list, one approval with all that a decision needs, and the
// decision itself. A decision carries an id of its own, so that it counts once however often it is sent.
import { randomUUID } from 'node:crypto';
import { Approval, ApprovalLooked, Receipt } from '../../api/approval-schemas.ts';
import type { z } from 'zod';
import { FLAG_WORDS, flagsOf } from '../../domain/display.ts';
import { CommandFailed, EXIT } from '../failure.ts';
import { clockTime, columns, labelled, plainLine, type Terminal, untilWhen } from '../terminal.ts';
import { groupName } from './chat-events.ts';
import { type AsOption, connect, type Context } from './context.ts';
import { readAll } from './pages.ts';

type ApprovalView = z.output<typeof Approval>;
type LookedView = z.output<typeof ApprovalLooked>;
type Shown = ApprovalView['headline']['what'];
type Answer = ApprovalView['decisions'][number]['answer'];

export interface ApprovalsOptions extends AsOption {
  readonly all?: boolean;
}

export interface DecisionOptions extends AsOption {
  readonly reason?: string;
  /** With an edit. */
  readonly args?: Readonly<Record<string, unknown>>;
}

/** List approvals, or show the one that is named. */
export async function showApprovals(
  context: Context,
  id: string | undefined,
  options: ApprovalsOptions,
): Promise<number> {
  const { terminal, nowMs } = context;
  const client = connect(context, 'approvals:decide', options);
  if (id !== undefined) {
    const approval = await client.get(`/v1/approvals/${encodeURIComponent(id)}`, ApprovalLooked);
    showOne(terminal, approval, nowMs());
    return EXIT.done;
  }
  const list = await readAll(client, '/v1/approvals', { end: options.all === true ? 'all' : 'open' }, Approval);
  if (list.rows.length === 0) {
    terminal.print(options.all === true ? 'There are no approvals.' : 'Nothing waits for you.');
    return EXIT.done;
  }
  const head = ['APPROVAL', 'WHAT', 'FOR', 'ASKED BY', options.all === true ? 'STATE' : 'UNTIL'];
  const rows = list.rows.map((one) => [
    one.id,
    whatOf(one),
    groupName(one.group),
    one.requester,
    stateOf(one, nowMs()),
  ]);
  terminal.print(columns(head, rows, terminal.colors));
  if (list.isCut) terminal.print('… and more; these are the newest.');
  const how = howToAnswer(list.rows.filter(({ end }) => end === 'open'));
  if (how !== '') terminal.print(terminal.colors.dim(`\n${how}`));
  return EXIT.done;
}

function whatOf({ question, summary, headline }: ApprovalView): string {
  const { what, forWhom, howMuch } = headline;
  const found = carefully({ text: summary, flags: [...what.flags, ...forWhom.flags, ...howMuch.flags] });
  return question === 'unknown' ? `did it happen? ${found}` : found;
}

/** With a word for what was found in it. */
function carefully({ text, flags }: Shown): string {
  const found = flagsOf(flags).map((flag) => FLAG_WORDS[flag]);
  return found.length === 0 ? text : `${text} (careful: ${found.join('; ')})`;
}

/** The commands that the open ones of a list can be looked at and answered with. */
function howToAnswer(open: readonly ApprovalView[]): string {
  if (open.length === 0) return '';
  const look = 'Look: npx countersign approvals ID';
  const leave = 'Decide: npx countersign approve ID, or deny ID --reason TEXT (also edit, withdraw, ask-back)';
  const answer = 'Did it happen? npx countersign happened ID, or did-not-happen ID';
  return [
    look,
    ...(open.some(({ question }) => question !== 'unknown') ? [leave] : []),
    ...(open.some(({ question }) => question === 'unknown') ? [answer] : []),
  ].join(' · ');
}

function stateOf({ end, deadlineMs }: ApprovalView, nowMs: number): string {
  return end === 'open' ? untilWhen(deadlineMs, nowMs) : end.replaceAll('_', ' ');
}

const DECIDED = {
  approve: 'approved',
  deny: 'denied',
  happened: 'says that it happened',
  did_not_happen: 'says that it did not happen',
  edit: 'edited it',
  withdraw: 'took the approval back',
  ask_back: 'asks',
} as const satisfies Record<Answer, string>;

// As the page has it.
const NOT_WHOLE =
  'Its page cannot show all of it, and nobody can approve there what they cannot see; deny it, and ask for it in smaller parts.';

function showOne({ print, colors }: Terminal, approval: LookedView, nowMs: number): void {
  const { evidence, question, quorum, approvals, group, decisions, asides, deadlineMs, askedMs } = approval;
  const show = (name: string, text: string): void => print(labelled(name, text, colors.bold));
  show('approval', approval.id);
  const { what, forWhom, howMuch } = approval.headline;
  show('what', carefully(what));
  show('for whom', carefully(forWhom));
  show('how much', carefully(howMuch));
  if (question === 'unknown') show('question', 'did it happen? Nobody can tell from here; look where it would show.');
  if (question === 'budget')
    show('question', 'may more be used? A yes opens the amount once; without one it stays shut.');
  show('tool', `${approval.tool} of the agent ${approval.agent}`);
  show('arguments', JSON.stringify(approval.args, null, 2));
  for (const { path, ...from } of approval.origins) show('', `${path} comes from ${carefully(from)}`);
  show(
    'evidence',
    evidence === null
      ? 'none'
      : `as of ${clockTime(evidence.asOfMs, nowMs)}\n${JSON.stringify(evidence.record, null, 2)}`,
  );
  for (const { of, name, ...found } of approval.flagged)
    show('careful', carefully({ ...found, text: `${of} ${name}: ${found.text}` }));
  if (!approval.isWhole) show('careful', NOT_WHOLE);
  show('rule', `${approval.ruleId}${approval.reason === '' ? '' : `: ${approval.reason}`}`);
  show('asked by', `${approval.requester} at ${clockTime(askedMs, nowMs)}, conversation ${approval.conversationId}`);
  if (question !== 'unknown') show('decides', `${groupName(group)}: ${approvals} of ${quorum} have approved`);
  else show('answers', groupName(group));
  for (const { group: next, fromMs } of approval.escalation) {
    show('', `${groupName(next)} too, from ${clockTime(fromMs, nowMs)} on`);
  }
  const said = [...decisions, ...asides].toSorted((one, other) => one.atMs - other.atMs);
  for (const { personId, answer, reason, atMs } of said) {
    show(
      '',
      plainLine(`${personId} ${DECIDED[answer]} at ${clockTime(atMs, nowMs)}${reason === '' ? '' : `: ${reason}`}`),
    );
  }
  if (approval.end === 'open') show('until', untilWhen(deadlineMs, nowMs));
  else show('ended', approval.end.replaceAll('_', ' '));
  show('digest', approval.digest);
}

/** Deny it as it is, and propose other arguments: what is not named stays as it was. */
export async function edit(
  context: Context,
  id: string,
  changes: readonly string[],
  options: DecisionOptions,
): Promise<number> {
  const client = connect(context, 'approvals:decide', options);
  const approval = await client.get(`/v1/approvals/${encodeURIComponent(id)}`, Approval);
  const args = { ...(approval.args as Readonly<Record<string, unknown>>) };
  for (const change of changes) {
    const at = change.indexOf('=');
    if (at < 1) throw new CommandFailed(`"${change}" is no NAME=VALUE; write for example amountCents=5000`);
    args[change.slice(0, at)] = valueOf(change.slice(at + 1));
  }
  return decide(context, id, 'edit', { ...options, args });
}

/** What is JSON is taken as JSON; anything else as it stands, so that a word needs no quotes within quotes. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Approve or deny, or answer a question. A decision that did not count is a failure, with the reason. */
export async function decide(context: Context, id: string, answer: Answer, options: DecisionOptions): Promise<number> {
  const client = connect(context, 'approvals:decide', options);
  const { reason, args } = options;
  const said = { ...(reason === undefined ? {} : { reason }), ...(args === undefined ? {} : { args }) };
  const decisionId = randomUUID();
  const body = { answer, id: decisionId, ...said };
  const path = `/v1/approvals/${encodeURIComponent(id)}/decision`;
  const receipt = await client.post(path, body, Receipt, { countsOnce: true });
  // Who has said the same before gets the receipt of then, which is of another decision.
  const isFirst = receipt.decisionId.endsWith(`/${decisionId}`) || !receipt.counted;
  context.terminal.print(`${isFirst ? '' : 'You have said so before, and it counts once. '}${plainLine(receipt.text)}`);
  return receipt.counted ? EXIT.done : EXIT.failed;
}
