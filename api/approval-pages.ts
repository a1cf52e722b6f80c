// The page of one approval: look, answer, see what came of it. By key, as a browser asks for it, or by a link that was sent
// to one person. What is answered here goes the very way of the API's decisions. May import domain, trust, store.
import { z } from 'zod';
import { type Approval, askedBy } from '../domain/approval.ts';
import type { CardAsk } from '../domain/card.ts';
import { type Shown, shownLine } from '../domain/display.ts';
import { groupsAt } from '../domain/entitlement.ts';
import { namesOf } from '../domain/principal.ts';
import { aboutBatch, cardAbout } from '../store/about-card.ts';
import { sha256Hex } from '../trust/digest.ts';
import type { Access } from './access.ts';
import { NewDecision } from './approval-schemas.ts';
import { approvalPage, enteringPage, PAGE_LIMITS, whyNotWhole } from './approval-page.ts';
import { assertMayAnswer, assertMayDecide, takeDecision } from './approvals.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { TOKEN_CHARS } from './limits.ts';
import { createLinks, type Links, pathOfApproval } from './links.ts';
import { PAGE_HEADERS } from './page.ts';
import { issueSentence, Problem, problemOf } from './problem.ts';
import { refusalsOnRecord } from './refusals.ts';
import { type Route, route } from './route.ts';
import { OfAnything } from './schemas.ts';

type Deps = Pick<ApiDeps, 'store' | 'gateway' | 'signer' | 'directory' | 'nowMs' | 'log'>;

const ByLink = z.object({
  link: z.string().max(TOKEN_CHARS).optional(),
  by: z.string().max(8).optional().meta({ description: '"key": in place of a link that has run out' }),
});
const FromHost = z.object({ host: z.string().default('') });
const AnswerForm = z
  .strictObject({
    form: z.string().max(TOKEN_CHARS).default(''),
    answer: z.string(),
    // Browsers write the line ends of a form as two characters; the reason is to be the one that was typed.
    reason: z
      .string()
      .default('')
      .transform((text) => text.replaceAll('\r\n', '\n')),
    args: z.string().optional().meta({ description: 'With "edit": all arguments, as JSON' }),
  })
  .meta({ id: 'AnswerForm' });

export function approvalPageRoutes(deps: Deps, access: Access): readonly Route[] {
  const links = createLinks(deps);
  return [lookRoute(deps, access, links), answerRoute(deps, access, links)];
}

function lookRoute(deps: Deps, access: Access, links: Links): Route {
  return route({
    method: 'get',
    path: '/approvals/{id}',
    id: 'getApprovalPage',
    summary: 'An approval as a page, with all of its values; by key as a password, or by ?link= as sent to one person',
    scope: ['approvals:decide', 'operate'],
    params: OfAnything,
    query: ByLink,
    headers: FromHost,
    enter: links.enter,
    responses: { 200: 'text/html' },
    handler: async ({ params: { id }, query: { link }, headers: { host }, caller }) => {
      const approval = await access.approval(caller, id);
      await links.assertFits(caller, approval);
      if (link !== undefined) {
        const cookie = await links.cookieOf(link, id, host);
        const body = enteringPage(pathOfApproval(id));
        return { status: 200, body, headers: { ...PAGE_HEADERS, 'Set-Cookie': cookie } };
      }
      return { status: 200, body: await pageFor(deps, access, links, caller, approval), headers: PAGE_HEADERS };
    },
  });
}

function answerRoute(deps: Deps, access: Access, links: Links): Route {
  return route({
    method: 'post',
    path: '/approvals/{id}',
    id: 'answerApprovalPage',
    summary: 'Answer it by the form of the page, which carries a token of its own; ends at the page again',
    scope: ['approvals:decide'],
    params: OfAnything,
    body: AnswerForm,
    bodyAs: 'form',
    enter: links.enter,
    responses: { 303: null },
    handler: async ({ params: { id }, body, caller }) => {
      try {
        await takeAnswer(deps, access, links, { id, caller, body });
      } catch (error) {
        const { args = '', reason } = body;
        const written = [
          { label: 'Arguments', text: args },
          { label: 'Reason', text: reason },
        ];
        throw problemOf(error).with({ links: [{ url: pathOfApproval(id), label: 'Back to the approval' }], written });
      }
      return { status: 303, body: null, headers: { Location: pathOfApproval(id) } };
    },
  });
}

interface Posted {
  readonly id: string;
  readonly caller: Caller;
  readonly body: z.output<typeof AnswerForm>;
}

async function takeAnswer(
  deps: Deps,
  access: Access,
  links: Links,
  { id, caller, body: { form, ...given } }: Posted,
): Promise<void> {
  const decision = decisionIn(given);
  const method = methodOf(caller);
  const assertTheirs = async (approval: Approval): Promise<void> => {
    await links.assertFits(caller, approval);
    await links.assertForm(form, caller, approval);
  };
  const isTheirs = (approval: Approval) =>
    assertTheirs(approval).then(
      () => true,
      () => false,
    );
  const door = { approvalId: id, answer: decision.answer, method, isTheirs };
  await refusalsOnRecord(deps, caller, door, async () => {
    const approval = await access.approval(caller, id);
    await assertTheirs(approval);
    assertMayAnswer(deps, caller, approval, decision.answer);
    if (approval.end === 'open') await assertSeen(deps, approval, decision.answer);
    // Who presses twice on the same page gives one answer, and gets one receipt.
    const formId = `page-${sha256Hex(form).slice(0, FORM_ID_CHARS)}`;
    await takeDecision(deps, caller, approval, { ...decision, id: formId, method });
  });
}

// 32 characters: enough that no two forms share a decision id.
const FORM_ID_CHARS = 32;

/** Held to the same schema as a decision over JSON. */
function decisionIn({ args, ...given }: Omit<z.output<typeof AnswerForm>, 'form'>): z.output<typeof NewDecision> {
  const parsed = NewDecision.safeParse(args === undefined ? given : { ...given, args: readArguments(args) });
  if (parsed.success) return parsed.data;
  throw new Problem('bad_request', issueSentence(parsed.error.issues[0]));
}

function readArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('bad_request', 'args: the arguments are no JSON; mend what you wrote, or go back and edit anew.');
  }
}

async function assertSeen(
  deps: Deps,
  approval: Approval,
  answer: z.output<typeof NewDecision>['answer'],
): Promise<void> {
  const { ask } = await cardFor(deps, approval, await deps.store.approvals.ofBatch(approval.batchId));
  if (!ask.isWhole && !ask.answers.includes(answer)) {
    throw new Problem('not_shown_whole', whyNotWhole(ask), { refusal: 'not_shown_whole' });
  }
}

async function cardFor(
  { store, directory, nowMs }: Deps,
  approval: Approval,
  batch: readonly Approval[],
): Promise<{ readonly ask: CardAsk; readonly alsoRuns: readonly Shown[] }> {
  const how = { names: namesOf(directory), limits: PAGE_LIMITS, nowMs: nowMs() };
  const card = cardAbout(await aboutBatch(store, batch), [approval], how);
  const [ask] = card.asks;
  if (ask === undefined) throw new Error('a card must have an ask for each approval');
  return { ask, alsoRuns: card.alsoRuns };
}

// 20 others: a card of more would not be read; the list of approvals has them all.
const MAX_OTHERS = 20;
const OTHER_CHARS = 160;

async function pageFor(deps: Deps, access: Access, links: Links, caller: Caller, approval: Approval): Promise<string> {
  const { id, batchId, agent, conversationId, actionId } = approval;
  const own = approval.decisions.find((one) => one.personId === caller.principal.id) ?? null;
  const groups = access.groups(caller);
  const batch = await deps.store.approvals.ofBatch(batchId);
  const isForCaller = (one: Approval) => groupsAt(askedBy(one), deps.nowMs()).some((group) => groups.includes(group));
  const others = batch.filter((one) => one.id !== id && one.end === 'open' && isForCaller(one));
  const { ask, alsoRuns } = await cardFor(deps, approval, batch);
  const whyNot = whyNotAnswer(deps, caller, approval);
  if (approval.end === 'open' && own === null && whyNot === undefined) await recordSeen(deps, caller, approval);
  return approvalPage({
    ...{ ask, alsoRuns, agent, conversationId, actionId, nowMs: deps.nowMs() },
    linkUntilMs: (await links.untilMs(caller)) ?? null,
    args: approval.args,
    own,
    others: await Promise.all(
      others.slice(0, MAX_OTHERS).map(async (one) => ({
        url: await links.onwardFor(caller, one),
        summary: shownLine(one.summary, OTHER_CHARS),
      })),
    ),
    forms:
      whyNot === undefined ? { url: pathOfApproval(id), token: await links.formFor(caller, approval) } : { whyNot },
  });
}

/** On record before it is sent, by the person's first look: from then on they can have read it. */
async function recordSeen({ store, nowMs }: Deps, caller: Caller, approval: Approval): Promise<void> {
  const { id: approvalId, conversationId } = approval;
  const { id: personId } = caller.principal;
  const fact = { kind: 'approval_seen', approvalId, personId, method: methodOf(caller) } as const;
  await store.record([{ subject: approvalId, step: `seen:${personId}`, conversationId, atMs: nowMs(), fact }]);
}

const methodOf = ({ link }: Caller): string => (link === undefined ? 'api_key' : 'page');

/** In a sentence; undefined where the caller may answer. */
function whyNotAnswer(deps: Deps, caller: Caller, approval: Approval): string | undefined {
  if (deps.nowMs() >= approval.deadlineMs) return 'The time to answer is over.';
  if (!caller.scopes.includes('approvals:decide')) return 'Your key may look, but lacks the scope approvals:decide.';
  try {
    assertMayDecide(deps, caller, approval);
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}
