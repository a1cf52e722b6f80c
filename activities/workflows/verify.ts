// Verifying what people decided and commanded: signature, exact action, entitled now. May import domain and trust.
import type { DecidedOn, WorkflowsActivities } from '../../domain/activity-ports.ts';
import { heardIn } from '../../domain/decision.ts';
import { whyNotEntitled } from '../../domain/entitlement.ts';
import { SignatureInvalid } from '../../trust/signing.ts';
import { toolOf } from './agents.ts';
import { parseArguments } from './arguments.ts';
import type { WorkflowsDeps } from './deps.ts';

// 5 min: a command is obeyed when it is given, and cannot be kept for later.
const COMMAND_FRESH_MS = 5 * 60_000;

export function createVerifyDecision(deps: WorkflowsDeps): WorkflowsActivities['verifyDecision'] {
  return async ({ signed, approvals }) => {
    const refused = (reason: string) => ({ kind: 'refused', reason }) as const;
    const statement = await verified(() => deps.verifier.verify('decision', signed));
    if (typeof statement === 'string') return refused(statement);
    const { approvalId, digest, person, answer, atMs } = statement;
    const approval = approvals.find((one) => one.id === approvalId);
    if (approval === undefined) return refused('it decides an approval that is not asked for here');
    if (approval.digest !== digest) return refused('it decides another action: the digest differs');
    if (person.tenant !== approval.tenant) return refused('it is by somebody of another tenant');
    const why = whyNotEntitled(deps.directory, approval.asked, person.id, atMs);
    if (why !== undefined) return refused(why);
    const { args: _, ...decision } = heardIn(statement, signed);
    if (answer !== 'edit') return { kind: 'valid', approvalId, decision };
    const edited = readEdit(deps, approval, statement.args ?? '');
    if (edited.kind === 'invalid') return refused(edited.reason);
    return { kind: 'valid', approvalId, decision: { ...decision, args: edited.args } };
  };
}

/** What somebody wrote in place of the arguments goes through the same tool's schema; it never becomes another tool. */
function readEdit(deps: WorkflowsDeps, { agent, tool: name, args }: DecidedOn, text: string) {
  const loaded = deps.agents.get(agent);
  const tool = loaded && toolOf(loaded, name);
  if (tool === undefined) return { kind: 'invalid', reason: `there is no tool ${name} any more` } as const;
  const parsed = parseArguments(tool, text);
  if (parsed.kind === 'parsed' && parsed.args === args) {
    return { kind: 'invalid', reason: 'the edit changes nothing; approve it instead' } as const;
  }
  return parsed;
}

export function createVerifyCommand(deps: WorkflowsDeps): WorkflowsActivities['verifyCommand'] {
  return async ({ signed, conversationId, command }) => {
    const statement = await verified(() => deps.verifier.verify('command', signed));
    if (typeof statement === 'string') return { kind: 'refused', reason: statement };
    if (statement.conversationId !== conversationId || statement.command !== command) {
      return { kind: 'refused', reason: 'it is signed for another conversation or command' };
    }
    if (Math.abs(deps.nowMs() - statement.atMs) > COMMAND_FRESH_MS) {
      const reason =
        'it was not signed just now; give the command again, and if that does not help, compare the clocks';
      return { kind: 'refused', reason };
    }
    return { kind: 'valid', by: statement.principal.id };
  };
}

/** The statement, or why it does not verify; any other error is thrown. */
async function verified<T>(verify: () => Promise<T>): Promise<T | string> {
  try {
    return await verify();
  } catch (error) {
    if (error instanceof SignatureInvalid) return error.message;
    throw error;
  }
}
