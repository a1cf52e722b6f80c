// What somebody said or clicked in a channel, put to a person of the directory and handed on as a message or a decision
// like any other. Nothing is sent from here: what one person is to be told is put into the store, and the actor tells it.
// May import domain, channels, trust and store types.
import { createHash } from 'node:crypto';
import { approvalHandleIn, buttonHandle } from '../channels/payload.ts';
import type { ChannelAddress, ChannelReceiver, Received, SealedNote } from '../domain/channel.ts';
import type { Ticket } from '../domain/conversation.ts';
import { type Clicked, type NewNote, occasionOf } from '../domain/delivery.ts';
import { shownLine } from '../domain/display.ts';
import { channelMessageId, messageKey } from '../domain/ids.ts';
import { DEFAULT_TENANT, type Person, personOnChannel } from '../domain/principal.ts';
import { MAX_REASON_CHARS } from '../domain/rule.ts';
import type { DecisionAnswer } from '../domain/signed.ts';
import { plain } from '../domain/text.ts';
import type { ConversationRow } from '../store/ports.ts';
import { approvalHandle } from '../trust/digest.ts';
import { waitsForBudgetText } from '../domain/spending-words.ts';
import type { Access } from './access.ts';
import type { Admission } from './admission.ts';
import { assertMayAnswer, takeDecision } from './approvals.ts';
import type { Caller } from './auth.ts';
import { openConversation } from './conversations.ts';
import type { ApiDeps } from './deps.ts';
import type { Ending } from './ending.ts';
import { submitMessage } from './messages.ts';
import { isOf, standingAt } from './places.ts';
import { issueSentence, Problem, problemOf } from './problem.ts';
import { refusalsOnRecord } from './refusals.ts';
import { NewDecision } from './approval-schemas.ts';
import { NewMessage } from './schemas.ts';

export type HearingDeps = Pick<
  ApiDeps,
  'store' | 'gateway' | 'signer' | 'directory' | 'agents' | 'channels' | 'nowMs' | 'log'
> & { readonly admission: Admission };
/** By somebody. */
export type Heard = Extract<Received, { readonly sender: unknown }>;
type Of<K extends Heard['kind']> = Extract<Heard, { readonly kind: K }>;

// 22 characters of SHA-256 in base64url, 132 bits: two places or events never have the same.
const ID_CHARS = 22;
// 200 characters: what a form can show above its field.
const ABOUT_CHARS = 200;
// 1 day: how often a stranger is told what to do about it.
const STRANGER_MS = 86_400_000;

// To a person, who has neither an id nor a key in mind.
/** What is said here in other words than over HTTP. Nobody here knows whether the platform has sent it before. */
const WORDS_OF: Readonly<Record<string, string>> = {
  not_found: 'You are not among those who are asked this, so nothing was done.',
  overloaded:
    'More is under way here than is answered in time. If there is no answer to your message in a minute, say it again.',
};
const tooLong = (reason: string): string =>
  `Your reason has ${reason.length} characters, and a reason may have ${MAX_REASON_CHARS}, so nothing was decided. Say it shorter.`;

/** Where something is heard, with what it takes to hand it on. */
interface At {
  readonly deps: HearingDeps;
  readonly access: Access;
  readonly ending: Ending;
  /** The channel's name. */
  readonly channel: string;
  readonly agent: string;
}

/** Resolves once it is taken, or its sender is told why not. Throws what passes by itself: it must come again. */
export function createHearing(deps: HearingDeps, access: Access, ending: Ending) {
  return async ({ name: channel, agent }: ChannelReceiver, heard: Heard): Promise<void> => {
    const at: At = { deps, access, ending, channel, agent };
    const person = personOnChannel(deps.directory, channel, heard.sender.id);
    if (person === undefined) return tellStranger(at, heard);
    const caller = callerOf(channel, person);
    try {
      await hear(at, caller, heard);
    } catch (error) {
      const problem = problemOf(error);
      // The same message with other words was edited meanwhile; the first ones count.
      if (problem.type === 'key_reused') return;
      if (problem.status >= 500) throw error;
      await tell(at, caller, heard, { kind: 'text', text: WORDS_OF[problem.type] ?? plain(problem.message) });
    }
  };
}

async function hear(at: At, caller: Caller, heard: Heard): Promise<void> {
  switch (heard.kind) {
    case 'message':
      return message(at, caller, heard);
    case 'wordless':
      return tell(at, caller, heard, { kind: 'text', text: 'Files are not read here; say it in words.' });
    case 'click':
      return click(at, caller, heard);
    case 'reason': {
      const { answer, text: reason } = heard;
      // Nobody signs half of what they said.
      if (reason.length > MAX_REASON_CHARS) throw new Problem('bad_request', tooLong(reason));
      return decide(at, caller, heard, parsed(NewDecision.safeParse({ answer, reason })));
    }
    default:
      return heard satisfies never;
  }
}

async function message(at: At, caller: Caller, heard: Of<'message'>): Promise<void> {
  const { text } = parsed(NewMessage.safeParse({ text: heard.text }));
  const key = `${at.channel}/${heard.eventId}`;
  const id = channelMessageId(at.channel, idOf('message', at.channel, `${caller.principal.id} ${heard.eventId}`));
  const submit = async (): Promise<Ticket | undefined> => {
    const row = await conversationAt(at, caller, heard.address, id);
    return row && at.ending.whileOpen(row, () => submitMessage(at.deps, row, caller, { id, key, text }));
  };
  const ticket = await submit().catch((error: unknown) => {
    // It has ended just now, which is on record by now: the place has another one.
    if (problemOf(error).type === 'conversation_closed') return submit();
    throw error;
  });
  if (ticket === undefined || ticket.duplicate) return;
  const { phase, shutUntilMs } = ticket;
  const waits = shutUntilMs === undefined ? '' : waitsForBudgetText(shutUntilMs);
  const why = phase === 'paused' ? 'It is paused for now; your message waits.' : waits;
  if (why !== '') await tell(at, caller, heard, { kind: 'text', text: why });
}

/** The conversation of that place; opened by whoever speaks there first. Undefined where the one before took the message. */
async function conversationAt(
  at: At,
  caller: Caller,
  address: ChannelAddress,
  messageId: string,
): Promise<ConversationRow | undefined> {
  const { deps, agent, channel: name } = at;
  const channel = { name, address };
  const hash = idOf('conversation', name, `${address.to} ${address.thread}`);
  const place = { channel, hash, agent, tenant: caller.principal.tenant };
  const { id, row, before } = await standingAt(deps.store.conversations, place);
  if (before !== '' && (await deps.store.items.byKey(before, messageKey(messageId))) !== undefined) return undefined;
  const opened = row ?? (await openConversation(deps, caller, { id, agent, channel }));
  // Somebody was first, in this very moment; the webhook comes again, and finds the next.
  if (!isOf(opened, place)) throw new Problem('unavailable', 'Somebody else was first here.', { retryAfterS: 1 });
  return opened;
}

async function click(at: At, caller: Caller, heard: Of<'click'>): Promise<void> {
  const { answer } = heard;
  if (answer === 'view') return tell(at, caller, heard, await viewOf(at, caller, heard));
  await decide(at, caller, heard, { answer, reason: '' });
}

/** As over HTTP: the same checks, the same signature, the same receipt, and what is refused is on record. */
async function decide(
  at: At,
  caller: Caller,
  heard: Of<'click' | 'reason'>,
  said: { readonly answer: DecisionAnswer; readonly reason: string },
): Promise<void> {
  const { deps, access, channel } = at;
  const { answer } = said;
  const { id: approvalId, isOffered } = await approvalBehind(at, heard);
  const [note, of] = await refusalsOnRecord(deps, caller, { approvalId, answer, method: channel }, async () => {
    if (!isOffered) throw new Problem('approval_gone', NOT_HERE, { refusal: 'not_offered' });
    const approval = await access.approval(caller, approvalId);
    if (heard.kind === 'click' && answer === 'deny') {
      // Whoever may not deny it is told at once, not after the trouble of a reason.
      assertMayAnswer(deps, caller, approval, answer);
      const about = shownLine(approval.summary, ABOUT_CHARS).text;
      const ask = { kind: 'reason', answer, handle: heard.handle, about } as const;
      if (approval.end === 'open') return [ask, approval.conversationId] as const;
    }
    const id = `${channel}-${idOf('decision', channel, heard.eventId)}`;
    const receipt = await takeDecision(deps, caller, approval, { ...said, id, method: channel });
    return [{ kind: 'text', text: plain(receipt.text) }, approval.conversationId] as const;
  });
  await tell(at, caller, heard, note, of);
}

type Pressed = Pick<Of<'click'>, 'answer' | 'handle'>;
const NOT_HERE = 'What this button was for is not here.';

/** `isOffered` where a card has that button: clients send whatever they like under a handle that they have seen. */
async function approvalBehind({ deps }: At, { answer, handle }: Pressed): Promise<{ id: string; isOffered: boolean }> {
  const approval = await deps.store.approvals.byHandle(approvalHandleIn(handle));
  if (approval === undefined) throw new Problem('approval_gone', NOT_HERE);
  const { id, digest } = approval;
  return { id, isOffered: buttonHandle(answer, { handle: approvalHandle(approval), digest }) === handle };
}

async function viewOf(at: At, caller: Caller, clicked: Of<'click'>): Promise<SealedNote> {
  const { id, isOffered } = await approvalBehind(at, clicked);
  if (!isOffered) throw new Problem('approval_gone', NOT_HERE);
  const approval = await at.access.approval(caller, id);
  const { links } = at.deps.channels ?? {};
  if (links === undefined) return { kind: 'text', text: `All of it is in the API, under /v1/approvals/${approval.id}` };
  const url = await links.linkFor(approval, caller.principal);
  const text = 'Everything that there is to see, for you alone and for a short while:';
  const sealed = links.seal(url, occasionOf(at.channel, clicked.way));
  return { kind: 'text', text, link: { sealed, label: 'See everything' } };
}

/** Once for each event, however often it comes. `of`: the conversation whose words are in it. */
async function tell(at: At, caller: Caller, heard: Heard, note: SealedNote, of?: string): Promise<void> {
  const clicked = heard.kind === 'click' ? await clickedBy(at, caller, heard) : undefined;
  const told = clicked === undefined ? note : { ...note, clicked };
  await put(at, heard, told, idOf('note', at.channel, heard.eventId), of);
}

/** For the actor, which may not know where that card stands. Undefined where it is no button of theirs. */
async function clickedBy(at: At, caller: Caller, heard: Of<'click'>): Promise<Clicked | undefined> {
  const { id: approvalId, isOffered } = await approvalBehind(at, heard).catch(() => NO_BUTTON);
  const mayLook = isOffered && (await at.access.approval(caller, approvalId).catch(() => undefined)) !== undefined;
  return mayLook ? { ref: heard.at, approvalId } : undefined;
}
const NO_BUTTON = { id: '', isOffered: false };

async function tellStranger(at: At, heard: Heard): Promise<void> {
  const { channel, deps } = at;
  const { id, name } = heard.sender;
  const senderName = plain(name).slice(0, ABOUT_CHARS);
  deps.log.warn({ channel, senderId: id, senderName }, 'somebody whom the directory does not name');
  const text =
    'I do not know you here, so nothing was done. To be known, ask the owner to put this into the directory: ' +
    `${channel}: "${id}"`;
  const today = Math.floor(deps.nowMs() / STRANGER_MS);
  await put(at, heard, { kind: 'text', text }, idOf('stranger', channel, `${id} ${today}`));
}

function put({ deps, channel }: At, { way }: Heard, note: NewNote['note'], id: string, of?: string): Promise<void> {
  const about = of === undefined ? {} : { conversationId: of };
  return deps.store.notes.add({ id, channel, way, note, ...about, nowMs: deps.nowMs() });
}

/** People of a channel have no key: what they may do is speak and decide, and of what is the directory's to say. */
const callerOf = (channel: string, { id, name }: Person): Caller => ({
  keyId: channel,
  principal: { id, name, tenant: DEFAULT_TENANT },
  scopes: ['conversations:write', 'approvals:decide'],
});

const idOf = (kind: string, channel: string, of: string): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, channel, of]))
    .digest('base64url')
    .slice(0, ID_CHARS);

function parsed<T>(
  result: { success: true; data: T } | { success: false; error: { issues: Parameters<typeof issueSentence>[0][] } },
): T {
  if (result.success) return result.data;
  throw new Problem('bad_request', issueSentence(result.error.issues[0]));
}
