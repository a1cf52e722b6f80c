// What waits for a person: the list, one approval with all that a decision needs, and the decision itself. A decision
// carries an id of its own, so that it counts once however often it is sent.
import { randomUUID } from 'node:crypto';
import { Approval, Receipt } from '../../api/schemas.ts';
import type { z } from 'zod';
import { EXIT } from '../failure.ts';
import { clockTime, columns, labelled, plainLine, type Terminal, untilWhen } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';
import { readAll } from './pages.ts';

type ApprovalView = z.output<typeof Approval>;

export interface ApprovalsOptions extends AsOption {
  readonly all?: boolean;
}

export interface DecisionOptions extends AsOption {
  readonly reason?: string;
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
    const approval = await client.get(`/v1/approvals/${encodeURIComponent(id)}`, Approval);
    showOne(terminal, approval, nowMs());
    return EXIT.done;
  }
  const list = await readAll(client, '/v1/approvals', { end: options.all === true ? 'all' : 'open' }, Approval);
  if (list.rows.length === 0) {
    terminal.print(options.all === true ? 'There are no approvals.' : 'Nothing waits for you.');
    return EXIT.done;
  }
  const head = ['APPROVAL', 'WHAT', 'FOR', 'ASKED BY', options.all === true ? 'STATE' : 'UNTIL'];
  const rows = list.rows.map((one) => [one.id, one.summary, one.group, one.requester, stateOf(one, nowMs())]);
  terminal.print(columns(head, rows, terminal.colors));
  if (list.isCut) terminal.print('… and more; these are the newest.');
  if (list.rows.some(({ end }) => end === 'open')) {
    terminal.print(
      terminal.colors.dim(
        '\nLook: npx countersign approvals ID · Decide: npx countersign approve ID, or deny ID --reason TEXT',
      ),
    );
  }
  return EXIT.done;
}

function stateOf({ end, deadlineMs }: ApprovalView, nowMs: number): string {
  return end === 'open' ? untilWhen(deadlineMs, nowMs) : end;
}

function showOne({ print, colors }: Terminal, approval: ApprovalView, nowMs: number): void {
  const { evidence, quorum, approvals, group, decisions, deadlineMs, askedMs } = approval;
  const show = (name: string, text: string): void => print(labelled(name, text, colors.bold));
  show('approval', approval.id);
  show('what', approval.summary);
  show('tool', `${approval.tool} of the agent ${approval.agent}`);
  show('arguments', JSON.stringify(approval.args, null, 2));
  show(
    'evidence',
    evidence === null
      ? 'none'
      : `as of ${clockTime(evidence.asOfMs, nowMs)}\n${JSON.stringify(evidence.record, null, 2)}`,
  );
  show('rule', `${approval.ruleId}${approval.reason === '' ? '' : `: ${approval.reason}`}`);
  show('asked by', `${approval.requester} at ${clockTime(askedMs, nowMs)}, conversation ${approval.conversationId}`);
  show('decides', `${group}: ${approvals} of ${quorum} have approved`);
  for (const { personId, answer, reason, atMs } of decisions) {
    const word = answer === 'approve' ? 'approved' : 'denied';
    show('', plainLine(`${personId} ${word} at ${clockTime(atMs, nowMs)}${reason === '' ? '' : `: ${reason}`}`));
  }
  if (approval.end === 'open') show('until', untilWhen(deadlineMs, nowMs));
  else show('ended', approval.end);
  show('digest', approval.digest);
}

/** Approve or deny. A decision that did not count is a failure, with the reason. */
export async function decide(
  context: Context,
  id: string,
  answer: 'approve' | 'deny',
  options: DecisionOptions,
): Promise<number> {
  const client = connect(context, 'approvals:decide', options);
  const body = { answer, id: randomUUID(), ...(options.reason === undefined ? {} : { reason: options.reason }) };
  const path = `/v1/approvals/${encodeURIComponent(id)}/decision`;
  const receipt = await client.post(path, body, Receipt, { countsOnce: true });
  context.terminal.print(plainLine(receipt.text));
  return receipt.counted ? EXIT.done : EXIT.failed;
}
