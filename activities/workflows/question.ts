// The question whether an action happened, where nobody can know: whom it goes to, and what an answer does. An answer of
// people corrects the record; "it did not happen" has the conversation propose the same anew, under a new key.
// May import domain, trust and store types.
import type { Outcome } from '../../domain/action.ts';
import type { WorkflowsActivities } from '../../domain/activity-ports.ts';
import { type CountedDecision, forPeople } from '../../domain/approval.ts';
import { IT_HAPPENED, outcomeOfAnswer } from '../../domain/decision.ts';
import type { QuestionInput } from '../../domain/conversation.ts';
import { approvalId } from '../../domain/ids.ts';
import type { Agent } from '../../domain/agent.ts';
import { isMember, onlyPerson } from '../../domain/principal.ts';
import { questionDigest } from '../../trust/digest.ts';
import { agentOf } from './agents.ts';
import type { WorkflowsDeps } from './deps.ts';

/** Who is asked, one after the other. */
export const QUESTION_ROUNDS: readonly {
  readonly groupOf: (agent: Pick<Agent, 'owner' | 'team'>) => string;
  readonly withinMs: number;
}[] = [
  // 4 h: the owner looks within half a working day; then the whole team is asked.
  { groupOf: ({ owner }) => onlyPerson(owner), withinMs: 4 * 3_600_000 },
  // 3 days: a long weekend. Past it the outcome stays unknown, and stays in the metrics.
  { groupOf: ({ team }) => team, withinMs: 72 * 3_600_000 },
];

export function createPoseQuestion(deps: WorkflowsDeps): WorkflowsActivities['poseQuestion'] {
  return async ({ question: { questionId, proposal, reason }, round, askedMs }) => {
    const { agent } = agentOf(deps.agents, proposal.agent);
    const { actionId, conversationId, tenant, tool, args, digest, summary, principal } = proposal;
    // A late receipt, or another person, may have said it meanwhile.
    const stands = await known(deps, proposal);
    if (stands !== undefined && stands.kind !== 'unknown') return null;
    // Whom the directory does not know any more cannot answer.
    const able = QUESTION_ROUNDS.filter(({ groupOf }) =>
      deps.directory.people.some(({ id }) => isMember(deps.directory, groupOf(agent), id)),
    );
    const asked = able[round];
    if (asked === undefined) return null;
    return {
      id: approvalId(questionId, 0, round),
      batchId: questionId,
      ...{ actionId, conversationId, agent: agent.name, tenant, tool, args, summary, ...forPeople(proposal) },
      question: 'unknown',
      digest: questionDigest('unknown', actionId, digest),
      evidence: null,
      ruleId: 'question.unknown',
      reason,
      requester: principal.id,
      group: asked.groupOf(agent),
      quorum: 1,
      askedMs,
      deadlineMs: askedMs + asked.withinMs,
      decisions: [],
      end: 'open',
    };
  };
}

export function createCloseQuestion(deps: WorkflowsDeps): WorkflowsActivities['closeQuestion'] {
  return async ({ question, answer }) => {
    const { questionId, proposal } = question;
    const stands = answer === null ? await known(deps, proposal) : await answered(deps, question, answer);
    const again = answer?.answer === 'did_not_happen' && stands?.kind === 'failed';
    const { conversationId, actionId, summary } = proposal;
    return deps.signer.sign({
      kind: 'report',
      conversationId,
      batchId: questionId,
      text: `Whether it happened: ${summary}. ${wordsOf(answer, stands)}`,
      ...(again ? { again: actionId } : {}),
      atMs: deps.nowMs(),
    });
  };
}

/** What the record says by now, without any answer. */
async function known(
  deps: WorkflowsDeps,
  { actionId, digest }: QuestionInput['proposal'],
): Promise<Outcome | undefined> {
  const claim = await deps.store.claims.get(actionId);
  return claim?.digest === digest ? (claim.outcome ?? undefined) : undefined;
}

/** The outcome that stands now; undefined where the claim under the key is that of another action. */
async function answered(
  deps: WorkflowsDeps,
  { proposal: { actionId, digest } }: QuestionInput,
  answer: CountedDecision,
): Promise<Outcome | undefined> {
  const claim = await deps.store.claims.get(actionId);
  if (claim?.digest !== digest) return undefined;
  return deps.store.claims.answer({ actionId, outcome: outcomeOfAnswer(answer), nowMs: deps.nowMs() });
}

function wordsOf(answer: CountedDecision | null, stands: Outcome | undefined): string {
  if (stands?.kind === 'succeeded') return IT_HAPPENED;
  if (answer === null) {
    return stands?.kind === 'failed'
      ? 'It did not happen.'
      : 'Nobody could say in time: it stays unknown, and is not repeated.';
  }
  if (answer.answer === 'happened') return 'A person says that it happened.';
  return stands === undefined
    ? 'It did not happen. It can be asked for again.'
    : 'It did not happen, and is proposed anew.';
}
