// Warrants whose parts are genuine, each of them, and do not belong together, or prove too little, or come too late or too
// early. May import what makes genuine leave.
import { ACT_WITHIN_MS } from '../../../domain/approval.ts';
import { act, type Case } from './bench.ts';
import { CONVERSATION, type Issuer, person } from './leave.ts';

// 61 s: one more than a verdict is fresh for.
const TOO_OLD_MS = 61_000;
const LONG = 'x'.repeat(10_000);

/** Parts of two genuine warrants put together. */
export async function crossed(issue: Issuer): Promise<readonly Case[]> {
  const [one, other] = [await issue(), await issue()];
  const { proposal, warrant } = one;
  const elsewhere = await issue({ message: { conversationId: 'elsewhere' } });
  const bob = await issue({ message: { principal: person('bob') } });
  const allowed = await issue({ tool: 'note' });
  const moved = { ...proposal, conversationId: 'elsewhere', turn: 1 };
  const inTheirName = { ...proposal, principal: person('bob') };
  const rewritten = await issue({ proposal: { args: '{"cents":1000000,"order":7}', actionId: proposal.actionId } });
  const renamed = await issue({ tool: 'note', proposal: { actionId: proposal.actionId, turn: proposal.turn } });
  return [
    act('the warrant of another action', { ...one, warrant: other.warrant }),
    act('the verdict of another action', { ...one, warrant: { ...warrant, verdict: other.warrant.verdict } }),
    act('the verdict of an allowed action', { ...one, warrant: { ...warrant, verdict: allowed.warrant.verdict } }),
    act('the decisions of another approval', { ...one, warrant: { ...warrant, decisions: other.warrant.decisions } }),
    act('a principal of another conversation', elsewhere),
    act('everything moved to another conversation of the same person', {
      ...one,
      proposal: moved,
      warrant: { ...warrant, principal: elsewhere.warrant.principal },
    }),
    act('another person', bob),
    act('another person, in the proposal too', { ...one, proposal: inTheirName, warrant: bob.warrant }),
    act('other arguments under a right digest of their own', { ...one, proposal: rewritten.proposal }),
    act('another tool under a right digest of its own', { ...one, proposal: renamed.proposal }),
    act('a decision in place of the verdict', { ...one, warrant: { ...warrant, verdict: warrant.decisions[0] } }),
    act('a decision in place of the principal', { ...one, warrant: { ...warrant, principal: warrant.decisions[0] } }),
    act('a verdict in place of the decision', { ...one, warrant: { ...warrant, decisions: [warrant.verdict] } }),
    act('a message in place of the decision', { ...one, warrant: { ...warrant, decisions: [warrant.principal] } }),
    act('one more decision, of another approval', {
      ...one,
      warrant: { ...warrant, decisions: [...warrant.decisions, ...other.warrant.decisions] },
    }),
    act('the same unaltered', one, 'runs'),
  ];
}

/** Approvals that are not enough, not theirs to give, or none. */
export async function unapproved(issue: Issuer): Promise<readonly Case[]> {
  const two = { quorum: 2 } as const;
  const allows = { kind: 'allow', ruleId: 'r', ruleVersion: 'v', reason: '' } as const;
  const [finn, olga] = [{ person: person('finn') }, { person: person('olga') }];
  const asked = await issue();
  const twice = await issue({ ruling: two });
  const [decision = ''] = twice.warrant.decisions;
  const wishes: readonly (readonly [what: string, wish: Parameters<Issuer>[0]])[] = [
    ['no decision', { decisions: [] }],
    ['a denial', { decisions: [{ answer: 'deny' }] }],
    ['a denial beside an approval', { decisions: [finn, { ...olga, answer: 'deny' }] }],
    ['the answer to a question', { decisions: [{ answer: 'happened' }] }],
    ['one approval of two', { ruling: two }],
    ['the same person twice', { ruling: two, decisions: [finn, { ...finn, decisionId: 'again' }] }],
    ['the requester', { proposal: { principal: person('finn') }, decisions: [finn] }],
    ['the requester among two', { ruling: two, proposal: { principal: person('finn') }, decisions: [finn, olga] }],
    ['somebody of no group', { decisions: [{ person: person('mallory') }] }],
    ['one of two of no group', { ruling: two, decisions: [finn, { person: person('mallory') }] }],
    ['a group that nobody is in', { ruling: { group: 'nobody' } }],
    ['a group of another name', { ruling: { group: 'support' } }],
    ['a member of another tenant', { decisions: [{ person: person('finn', 'other') }] }],
    ['over another digest', { decisions: [{ digest: asked.proposal.digest }] }],
    ['another round of the approval', { decisions: [{ approvalId: `${CONVERSATION}:1:0.0.1` }] }],
    ['nobody was asked', { verdict: { approval: null } }],
    ['a verdict that denies', { ruling: { kind: 'deny', ruleId: 'r', ruleVersion: 'v', reason: '' } }],
    ['a verdict that is not on record', { unrecorded: true }],
    ['an allowing verdict that is not on record', { tool: 'note', unrecorded: true }],
    ['an allowing verdict, off the record, for what asks people', { ruling: allows, decisions: [], unrecorded: true }],
    ['one that asks nobody', { ruling: { quorum: 0 }, decisions: [], unrecorded: true }],
  ];
  const cases = await Promise.all(wishes.map(async ([what, wish]) => act(what, await issue(wish))));
  const both = await issue({ ruling: two, decisions: [finn, olga] });
  return [
    ...cases,
    act('the same decision twice', { ...twice, warrant: { ...twice.warrant, decisions: [decision, decision] } }),
    act('two approvals of two', both, 'runs'),
  ];
}

/** Genuine, and at the wrong time. */
export async function untimely(issue: Issuer): Promise<readonly Case[]> {
  const nowMs = Date.now();
  const over = { id: `${CONVERSATION}:1:0.0.0`, deadlineMs: nowMs - ACT_WITHIN_MS - 1_000 };
  const late = { verdict: { approval: over }, decisions: [{ approvalId: over.id, atMs: over.deadlineMs - 1 }] };
  const closing = { id: over.id, deadlineMs: nowMs - 1_000 };
  const after = [{ approvalId: over.id, atMs: nowMs }];
  const inTime = [{ approvalId: over.id, atMs: closing.deadlineMs - 1 }];
  return [
    act('a verdict of a minute ago', await issue({ verdict: { atMs: nowMs - TOO_OLD_MS } }), 'stale'),
    act('an allowing one', await issue({ tool: 'note', verdict: { atMs: nowMs - TOO_OLD_MS } }), 'stale'),
    act('one for a read', await issue({ tool: 'look', verdict: { atMs: nowMs - TOO_OLD_MS } }), 'stale'),
    act('a verdict of tomorrow', await issue({ verdict: { atMs: nowMs + 2 * TOO_OLD_MS } }), 'stale'),
    act('a verdict that covers no proposal', await issue({ uncovered: true }), 'stale'),
    act('a decision after the deadline', await issue({ verdict: { approval: closing }, decisions: after })),
    act('a decision of tomorrow', await issue({ decisions: [{ atMs: nowMs + 24 * 3_600_000 }] })),
    act('later than the leave lasts', await issue(late), 'expired'),
    act(
      'after the deadline, while the leave lasts',
      await issue({ verdict: { approval: closing }, decisions: inTime }),
      'runs',
    ),
  ];
}

/** What is no task. */
export async function unreadable(issue: Issuer): Promise<readonly Case[]> {
  const one = await issue();
  const { proposal, warrant } = one;
  const notJson = await issue({ proposal: { args: '{"cents":' } });
  const notCanonical = await issue({ proposal: { args: '{"order":7,"cents":1}' } });
  const notFitting = await issue({ proposal: { args: '{"cents":-1,"order":7}' } });
  const more = await issue({ proposal: { args: '{"cents":1,"order":7,"to":"mallory"}' } });
  const elsewhere = await issue({ proposal: { agent: 'nobody' } });
  return [
    ...[undefined, null, 1, 'x', [], {}].map((input) => act(`the input ${JSON.stringify(input)}`, input)),
    act('no proposal', { ...one, proposal: null }),
    act('no warrant', { ...one, warrant: null }),
    act('decisions that are no list', { ...one, warrant: { ...warrant, decisions: 'x' } }),
    act('a decision that is no text', { ...one, warrant: { ...warrant, decisions: [{}] } }),
    act('signatures that are empty', { ...one, warrant: { principal: '', verdict: '', decisions: [''] } }),
    act('a key of another form', { ...one, proposal: { ...proposal, actionId: 'x' } }),
    act('a NUL in the conversation', { ...one, proposal: { ...proposal, conversationId: 'a\0' } }),
    act('a tool of 10,000 characters', { ...one, proposal: { ...proposal, tool: LONG } }),
    act('a NUL in the tool', { ...one, proposal: { ...proposal, tool: 'a\0' } }),
    act('arguments that are no JSON', notJson),
    act('arguments that are not canonical', notCanonical),
    act('arguments that do not fit', notFitting),
    act('an argument more than the tool has', more),
    act('an agent that is not there', elsewhere),
    act('a field more', { ...one, proposal: { ...proposal, more: 1 } }),
    act('the same unaltered', one, 'runs'),
  ];
}
