// Taking in what people wrote: code finds the facts, checks what a model quoted of them, and makes priority and queue of
// them. Only the words of those whom the agent serves count, none of its team's. Idempotent by turn. May import domain,
// trust and store types.
import type { TurnOf, WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { IntakeTaken, IntakeWork } from '../../domain/opened-turn.ts';
import { onTeam } from '../../domain/agent.ts';
import { claimsIn, factsNow, isNews, isWholeForm, knownOf } from '../../domain/intake-facts.ts';
import { intakeFact } from '../../domain/intake-record.ts';
import { readingsOf, routeBy, standingAfter } from '../../domain/intake-route.ts';
import type { Intake, IntakeStanding, RouteAnswers } from '../../domain/intake.ts';
import type { Item } from '../../domain/item.ts';
import { type SaidText, saidText } from '../../domain/said.ts';
import { wordsOfIntake } from '../../domain/words.ts';
import { quoteMark } from '../../trust/digest.ts';
import { agentOf } from './agents.ts';
import type { WorkflowsDeps } from './deps.ts';

/**
 * What the messages of a turn ask of the intake: a model looks at the first ones, at those in which code finds something
 * new, and while something is open. Nothing else costs a call.
 */
export async function intakeWork(
  deps: WorkflowsDeps,
  of: TurnOf,
  written: readonly Item[],
  handedOver: boolean,
): Promise<{ readonly intake?: IntakeWork }> {
  const { intake } = agentOf(deps.agents, of.agent).agent;
  if (intake === undefined) return {};
  const row = await deps.store.conversations.get(of.conversationId);
  const fresh = textsIn(deps, of, written, row?.principal.id);
  if (fresh.length === 0) return {};
  const before = row?.intake ?? undefined;
  const isWanted =
    before === undefined ||
    before.unlooked === true ||
    before.open.length > 0 ||
    isNews(intake, knownOf(intake, before.facts), fresh);
  if (!isWanted) return {};
  // A person reads it now, and nobody is asked anything.
  return { intake: handedOver ? 'read' : 'fill' };
}

export function createTakeIntake(deps: WorkflowsDeps): WorkflowsActivities['takeIntake'] {
  return async ({ of, fresh, show, work, itemId, mayAsk }): Promise<IntakeTaken | null> => {
    const { agent, ruleVersion: version } = agentOf(deps.agents, of.agent);
    const { intake } = agent;
    if (intake === undefined) return null;
    const { conversationId, turn } = of;
    const row = await deps.store.conversations.get(conversationId);
    const items = await deps.store.items.load(conversationId, [...new Set([...show, ...fresh])]);
    const texts = textsIn(deps, of, items, row?.principal.id);
    const before = row?.intake ?? undefined;
    const answer = itemId === '' ? undefined : (await deps.store.items.load(conversationId, [itemId]))[0];
    const claims = answer?.body.kind === 'facts' ? (claimsIn(intake, answer.body.text) ?? []) : [];
    const facts = factsNow(intake, {
      before: knownOf(intake, before?.facts ?? []),
      // Where nothing was taken in before, all that is shown is new.
      fresh: before === undefined ? texts : texts.filter((text) => fresh.includes(text.itemId)),
      texts,
      claims,
    });
    const readings = readingsOf(facts);
    const answers = readings === undefined ? NO_ANSWERS : await deps.rules.route(of.agent, readings);
    const routed = routeBy(intake, facts, readings, answers);
    const isLooked = answer?.body.kind === 'facts' && isWholeForm(intake, answer.body.text) && isAllOf(fresh, show);
    // A person who reads along has not asked a model anew: it stays as it was.
    const unlooked = work === 'fill' ? !isLooked : before?.unlooked === true;
    const standing = standingAfter(intake, before, { turn, version, facts, routed, mayAsk, unlooked });
    const marks = (id: string, quote: string) =>
      items.filter((one) => one.id === id).map((one) => quoteMark(one, quote));
    const fact = intakeFact(standing, facts, answer === undefined ? '' : itemId, marks);
    await deps.store.record([
      { subject: conversationId, step: `intake:${turn}`, conversationId, atMs: deps.nowMs(), fact },
    ]);
    const { priority, queue, next } = standing;
    return { priority, queue, next, words: wordsOf(intake, standing) };
  };
}

const NO_ANSWERS: RouteAnswers = { kind: 'routed', routes: [] };

/** What falls out of what a model is shown, nobody has looked at. */
const isAllOf = (fresh: readonly string[], show: readonly string[]): boolean => fresh.every((id) => show.includes(id));

/** The words of whoever opened the conversation, and of whoever else speaks in it and is not of the team. */
function textsIn(
  { agents, directory }: WorkflowsDeps,
  of: TurnOf,
  items: readonly Item[],
  openedBy: string | undefined,
): readonly SaidText[] {
  const { agent } = agentOf(agents, of.agent);
  return items.flatMap(({ id, trust, body }) => {
    if (body.kind !== 'message' || trust !== 'principal') return [];
    const isServed = body.from.id === openedBy || !onTeam(agent, directory, body.from.id);
    return isServed ? [saidText(id, body.text)] : [];
  });
}

function wordsOf({ questions }: Intake, { next, asked, turn }: IntakeStanding): string {
  switch (next) {
    case 'goes_on':
      return '';
    case 'hands_over':
      return wordsOfIntake;
    case 'asks': {
      const name = Object.keys(asked).find((one) => asked[one]?.includes(turn)) ?? '';
      return questions[name] ?? '';
    }
    default:
      return next satisfies never;
  }
}
