// One approval as a page: the whole card, what each word is worth, and the forms to answer it. Plain HTML without any
// script. Pure. May import domain and trust.
import { type CardAsk, type CardField, type CardLimits } from '../domain/card.ts';
import { careText, type Shown } from '../domain/display.ts';
import { isReasonTold } from '../domain/decision.ts';
import { MAX_REASON_CHARS } from '../domain/rule.ts';
import { timeText } from '../domain/text.ts';
import type { DecisionAnswer } from '../domain/signed.ts';
import { MAX_ARGUMENTS_BYTES } from '../domain/tool.ts';
import { plainJson } from '../trust/export-lines.ts';
import { escaped, page } from './page.ts';
import type { Problem } from './problem.ts';

/**
 * 40,000 characters of a value and 200,000 in all: the arguments of one call are 32 KB at most, so a plain text always fits;
 * 2,000 fields: nobody reads a longer list. What even this page cannot show whole is not to be approved by a person.
 */
export const PAGE_LIMITS: CardLimits = { valueChars: 40_000, fields: 2_000, totalChars: 200_000 };

export interface ApprovalPage {
  readonly ask: CardAsk;
  readonly agent: string;
  readonly conversationId: string;
  readonly actionId: string;
  /** When the link ends by which this person came; null where they came by key, which opens more than this page. */
  readonly linkUntilMs: number | null;
  readonly nowMs: number;
  /** What was allowed and runs with it. */
  readonly alsoRuns: readonly Shown[];
  /** What was asked with it. */
  readonly others: readonly { readonly url: string; readonly summary: Shown }[];
  /** The token of the forms, and where they go; or why this person answers nothing, in a sentence. */
  readonly forms: { readonly url: string; readonly token: string } | { readonly whyNot: string };
  /** The canonical arguments, to write others from. */
  readonly args: string;
  /** What this person has answered. */
  readonly own: { readonly answer: DecisionAnswer; readonly atMs: number } | null;
}

export function approvalPage(view: ApprovalPage): string {
  const [what, forWhom, howMuch] = view.ask.headline;
  return page(
    `Approval: ${what.text}`,
    `<h1 dir="auto">${shown(what)}</h1>
<p dir="auto">${shown(forWhom)}</p>
<p dir="auto">${shown(howMuch)}</p>
${stateOf(view)}
${alsoRunsOf(view)}
${answersOf(view)}
${argumentsOf(view.ask)}
${evidenceOf(view)}
${aboutOf(view)}
${decidedOf(view.ask)}
${saidOf(view.ask)}
${othersOf(view)}`,
  );
}

/** The page between a link and its approval. A redirect would be the other site's, and bring no strict cookie along. */
export function enteringPage(url: string): string {
  const to = escaped(url);
  return page(
    'Countersign',
    `<p><a href="${to}">Go on to the approval</a></p>`,
    `<meta http-equiv="refresh" content="0; url=${to}">`,
  );
}

/** What went wrong, for people, with what they had written, so that they can send it again. */
export function problemPage(
  { title, message, onPage }: Pick<Problem, 'title' | 'message' | 'onPage'>,
  requestId: string,
): string {
  const { links = [], written = [] } = onPage;
  const ways = links.map(
    ({ url, label }) => `\n<p><a href="${escaped(url)}" rel="noreferrer">${escaped(label)}</a></p>`,
  );
  const kept = written
    .filter(({ text }) => text !== '')
    .map(({ label, text }) => `<label>${escaped(label)}\n${textAreaOf(text, 'rows="6" readonly')}</label>`);
  const yours = kept.length === 0 ? '' : `\n<h2>What you wrote, to be copied</h2>\n${kept.join('\n')}`;
  return page(
    title,
    `<h1>${escaped(title)}</h1>\n<p>${escaped(message)}</p>${ways.join('')}${yours}\n<p><small>request ${escaped(requestId)}</small></p>`,
  );
}

/** A browser drops one line end at the beginning. */
const textAreaOf = (text: string, attributes: string): string =>
  `<textarea ${attributes}>${text.startsWith('\n') ? '\n' : ''}${escaped(text)}</textarea>`;

function stateOf({ ask, own, nowMs, linkUntilMs }: ApprovalPage): string {
  const open = `waits for ${ask.quorum} of ${ask.group} until ${timeText(ask.deadlineMs)} (${inTime(ask.deadlineMs - nowMs)}); ${ask.otherwise}`;
  const state = ask.end === 'open' ? open : ask.ended;
  const changed = ask.changed.text === '' ? '' : `\n<p dir="auto">changed: ${shown(ask.changed)}</p>`;
  const outcome = ask.outcome === null ? '' : `\n<p dir="auto">${shown(ask.outcome)}</p>`;
  const receipt =
    own === null
      ? ''
      : `\n<p role="status"><strong>Your answer is counted: ${words(own.answer)}, ${timeText(own.atMs)}.</strong></p>`;
  const until =
    linkUntilMs === null || ask.end !== 'open'
      ? ''
      : `\n<p><small>Your link is good until ${timeText(linkUntilMs)}; what is sent after that does not count.</small></p>`;
  return `<p>${escaped(ask.title)}</p>
<p>${escaped(state)}</p>${changed}${outcome}${receipt}${until}`;
}

function answersOf({ ask, forms, own, args }: ApprovalPage): string {
  if (ask.end !== 'open') return '';
  if ('whyNot' in forms) return `<p class="stop">${escaped(forms.whyNot)}</p>`;
  const limits = ask.isWhole ? '' : `<p class="stop">${escaped(whyNotWhole(ask))}</p>\n`;
  return `<h2>Your answer</h2>
${limits}${ask.answers
  .filter((answer) => makesSense(answer, own))
  .map((answer) => formOf(answer, forms, args))
  .join('\n')}`;
}

/** Only an approval that was given can be taken back; a question that was answered has ended. */
const makesSense = (answer: DecisionAnswer, own: ApprovalPage['own']): boolean =>
  own === null ? answer !== 'withdraw' : answer !== 'approve';

/** In words: how much there is that nobody could look at here. */
export function whyNotWhole({ hiddenFields, fields }: CardAsk): string {
  const cut = fields.filter(({ value }) => value.flags.includes('cut')).length;
  const missing = [
    ...(hiddenFields > 0 ? [`${hiddenFields} of its ${hiddenFields + fields.length} values are hidden`] : []),
    ...(cut > 0 ? [`${cut} of its values ${cut === 1 ? 'is' : 'are'} cut`] : []),
  ];
  const why = missing.length === 0 ? 'its arguments cannot be read as they were proposed' : missing.join(', and ');
  return `This is more than can be shown: ${why}. Nobody can approve what they cannot see; deny it, and ask for it in smaller parts.`;
}

// A no without a reason leaves the agent to guess.
const NEEDS_REASON: ReadonlySet<DecisionAnswer> = new Set(['deny', 'ask_back']);

function formOf(
  answer: DecisionAnswer,
  { url, token }: { readonly url: string; readonly token: string },
  args: string,
): string {
  const needs = NEEDS_REASON.has(answer);
  const name = words(answer);
  return `<form method="post" action="${escaped(url)}" autocomplete="off">
<input type="hidden" name="form" value="${escaped(token)}">
${answer === 'edit' ? argumentsFieldOf(args) : ''}<label>Reason (${needs ? '' : 'if you like; '}${isReasonTold(answer) ? 'whoever asked for it reads it' : 'it goes on record'})
<textarea name="reason" rows="2" maxlength="${MAX_REASON_CHARS}"${needs ? ' required' : ''}></textarea></label>
<button name="answer" value="${answer}">${name.charAt(0).toUpperCase()}${name.slice(1)}</button>
</form>`;
}

/** To write others from. What cannot be seen is escaped as JSON escapes it, so that nobody edits around it unawares. */
const argumentsFieldOf = (args: string): string => `<label>Arguments (as JSON, up to ${MAX_ARGUMENTS_BYTES / 1024} KB)
<textarea name="args" rows="6" required spellcheck="false">${escaped(plainJson(readable(args)))}</textarea></label>
`;

function readable(args: string): unknown {
  try {
    return JSON.parse(args);
  } catch {
    return {};
  }
}

function argumentsOf(ask: CardAsk): string {
  const hidden = ask.hiddenFields === 0 ? '' : `\n<p class="stop">${ask.hiddenFields} more are not shown.</p>`;
  return `<h2>What will be done, with these values and no others</h2>
${tableOf(ask.fields)}${hidden}`;
}

function evidenceOf({ ask, nowMs }: ApprovalPage): string {
  const { evidence } = ask;
  if (evidence === null) return '<h2>Evidence</h2>\n<p>Nothing was read before it was asked.</p>';
  const { asOfMs, version, fields, hiddenFields } = evidence;
  const hidden = hiddenFields === 0 ? '' : `\n<p>${hiddenFields} more are not shown.</p>`;
  const of = version === '' ? '' : `, version ${version}`;
  return `<h2>Evidence, as the system of record had it</h2>
<p>${escaped(`read ${inTime(asOfMs - nowMs)} (${timeText(asOfMs)})${of}`)}</p>
${tableOf(fields)}${hidden}`;
}

function tableOf(fields: readonly CardField[]): string {
  if (fields.length === 0) return '<p>none</p>';
  const rows = fields.map(({ name, value, from, isCritical }) => {
    const source = from === null ? '' : `<br><small dir="auto">from ${shown(from)}</small>`;
    return `<tr${isCritical ? ' class="critical"' : ''}><th scope="row" dir="auto">${escaped(name)}</th><td dir="auto">${shown(value)}${source}</td></tr>`;
  });
  return `<table>${rows.join('\n')}</table>`;
}

function aboutOf({ ask, agent, conversationId, actionId, linkUntilMs }: ApprovalPage): string {
  const lines: readonly (readonly [name: string, markup: string])[] = [
    ['asked by', `${shown(ask.requester)}, through the agent ${escaped(agent)}`],
    ['asks', escaped(`${ask.quorum} of ${ask.group}`)],
    ['rule', shown(ask.rule)],
    ['because', shown(ask.reason)],
    ['conversation', escaped(conversationId)],
    ['why', whyOf(actionId, linkUntilMs === null)],
    ['digest', escaped(ask.digest)],
  ];
  return `<h2>About</h2>
<dl>${lines.map(([name, markup]) => `<dt>${name}</dt><dd dir="auto">${markup}</dd>`).join('\n')}</dl>`;
}

/** Its story is for whoever has a key: a link opens this page, and what was asked with it. */
function whyOf(actionId: string, hasKey: boolean): string {
  if (!hasKey) return escaped(`with a key: countersign why ${actionId}`);
  return `<a href="/actions/${escaped(actionId)}/why" rel="noreferrer">the whole story of this action</a>`;
}

function decidedOf({ decided }: CardAsk): string {
  if (decided.length === 0) return '';
  const lines = decided.map(({ person, answer, reason, atMs }) => {
    const why = reason.text === '' ? '' : `: ${shown(reason)}`;
    return `<li dir="auto">${shown(person)} · ${words(answer)} · ${timeText(atMs)}${why}</li>`;
  });
  return `<h2>Answers so far</h2>\n<ul>${lines.join('\n')}</ul>`;
}

function saidOf({ requester, saidSince }: CardAsk): string {
  if (saidSince.length === 0) return '';
  const lines = saidSince.map(({ text, atMs }) => `<li dir="auto">${timeText(atMs)}: ${shown(text)}</li>`);
  return `<h2>What ${shown(requester)} has said since it was asked back</h2>\n<ul>${lines.join('\n')}</ul>`;
}

function alsoRunsOf({ alsoRuns }: ApprovalPage): string {
  if (alsoRuns.length === 0) return '';
  const lines = alsoRuns.map((one) => `<li dir="auto">${shown(one)}</li>`);
  return `<h2>Allowed by rules, and waits with it</h2>\n<ul>${lines.join('\n')}</ul>`;
}

function othersOf({ others }: ApprovalPage): string {
  if (others.length === 0) return '';
  const lines = others.map(
    ({ url, summary }) => `<li dir="auto"><a href="${escaped(url)}" rel="noreferrer">${shown(summary)}</a></li>`,
  );
  return `<h2>Asked with it, each for itself</h2>\n<ul>${lines.join('\n')}</ul>`;
}

/** Text as it may be seen, and in words what was found in it. */
function shown({ text, flags }: Shown): string {
  if (flags.length === 0) return escaped(text);
  return `${escaped(text)} <mark>${escaped(careText(flags))}</mark>`;
}

const words = (answer: DecisionAnswer): string => answer.replaceAll('_', ' ');

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** How far away: "in 3 min", "2 h ago", "just now". */
function inTime(distanceMs: number): string {
  const far = Math.abs(distanceMs);
  const [unit, unitMs] = UNITS.find(([, one]) => far >= one) ?? [];
  if (unit === undefined) return 'just now';
  const count = `${Math.floor(far / unitMs)} ${unit}`;
  return distanceMs < 0 ? `${count} ago` : `in ${count}`;
}
