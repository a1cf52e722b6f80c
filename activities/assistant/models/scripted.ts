// The scripted demo model: no model at all, but an agent's declared intents behind the same port, so that the whole
// system runs without a key. It says so in every reply. Deterministic; it knows no agent. May import domain only.
import type { DemoCall, DemoIntent } from '../../../domain/agent.ts';
import { answerFrom } from '../../../domain/intake-facts.ts';
import type { Intake } from '../../../domain/intake.ts';
import type { ItemBody } from '../../../domain/item.ts';
import type { ModelAnswer, ModelPort, ModelRequest } from '../../../domain/model.ts';
import { saidText } from '../../../domain/said.ts';

export const SCRIPTED_LABEL = '[scripted demo model]';
export const SCRIPTED_MODEL = 'scripted-demo';

type Result = Extract<ItemBody, { kind: 'tool_result' }>;

/** How the Workflows and the actor open a result that is no success. It is repeated, never spoken of as done. */
const NOT_DONE = /^(not done|it may or may not have happened)\b/i;

/** A model that follows these intents, first match first, and fills in what code finds of the facts of this intake. */
export function createScriptedModel(intents: readonly DemoIntent[], intake?: Intake): ModelPort {
  return {
    name: 'scripted',
    async complete(request, signal) {
      signal.throwIfAborted();
      if (request.answer !== undefined) return facts(intake, request);
      const next = nextStep(intents, request);
      return typeof next === 'string' ? says(next + notTaken(request.transcript)) : calls(next, request);
    },
  };
}

/** What to say, or the call to make: decided by the last message and the results since. */
function nextStep(intents: readonly DemoIntent[], { transcript, toolChoice }: ModelRequest): string | DemoCall {
  const last = transcript.at(-1);
  if (last?.kind === 'report') return last.text;
  const asked = transcript.findLastIndex((body) => body.kind === 'message');
  const message = transcript[asked];
  if (message?.kind !== 'message') return notUnderstood(intents);
  const results = transcript.slice(asked).filter((body): body is Result => body.kind === 'tool_result');
  const matched = match(intents, message.text);
  if (matched === undefined) return results.at(-1)?.text ?? notUnderstood(intents);
  const { intent, groups } = matched;
  const latest = results.at(-1)?.text;
  if (latest === undefined) {
    return toolChoice === 'none' ? 'I may use no tool now.' : intent.call(groups);
  }
  if (NOT_DONE.test(latest)) return latest;
  const texts = results.map((result) => result.text);
  const following = intent.then?.[results.length - 1]?.(groups, texts);
  if (following !== undefined && toolChoice === 'auto') return following;
  return intent.say?.(latest) ?? latest;
}

function facts(intake: Intake | undefined, { transcript }: ModelRequest): ModelAnswer {
  const texts = transcript.flatMap((body) => (body.kind === 'message' ? [saidText('', body.text)] : []));
  return { ...ANSWER, text: JSON.stringify(intake === undefined ? {} : answerFrom(intake, texts)) };
}

// 80 characters: enough to know one's own message again.
const QUOTED_CHARS = 80;

/** One message a turn is acted on, its last. The others are named, so that nobody takes them for done. */
function notTaken(transcript: ModelRequest['transcript']): string {
  if (transcript.at(-1)?.kind === 'report') return '';
  const last = transcript.findLastIndex((body) => body.kind === 'message');
  const before = transcript.findLastIndex((body, at) => at < last && body.kind !== 'message');
  const others = transcript
    .slice(before + 1, Math.max(last, 0))
    .flatMap((body) => (body.kind === 'message' ? [body.text] : []));
  if (others.length === 0) return '';
  const lines = others.map((text) => `- ${text.length > QUOTED_CHARS ? `${text.slice(0, QUOTED_CHARS)}…` : text}`);
  return `\nI follow the last message only. Not taken; send each again by itself:\n${lines.join('\n')}`;
}

function match(intents: readonly DemoIntent[], text: string) {
  for (const intent of intents) {
    // `match` on a copy: a pattern with the flag g or y would remember where it stopped.
    const found = text.match(new RegExp(intent.matches.source, intent.matches.flags.replace(/[gy]/g, '')));
    if (found !== null) return { intent, groups: found.groups ?? {} };
  }
  return undefined;
}

function notUnderstood(intents: readonly DemoIntent[]): string {
  const limits = 'I am a script and follow a few fixed patterns only; set OPENAI_API_KEY for a real model.';
  if (intents.length === 0) return `${limits} This agent declares no pattern for me.`;
  return `I did not understand that. ${limits} Try:\n${intents.map((intent) => `- ${intent.example}`).join('\n')}`;
}

function says(text: string): ModelAnswer {
  return { ...ANSWER, text: `${SCRIPTED_LABEL} ${text}` };
}

function calls({ tool, args }: DemoCall, { transcript }: ModelRequest): ModelAnswer {
  const call = { callId: nextCallId(transcript), tool, argumentsText: JSON.stringify(args) };
  return { ...ANSWER, finish: 'calls', calls: [call] };
}

/** One above the latest of its ids on the transcript, so that none repeats within what is shown. */
function nextCallId(transcript: ModelRequest['transcript']): string {
  const made = transcript.flatMap((body) => (body.kind === 'calls' ? body.calls.map((call) => call.callId) : []));
  const numbers = made.map((id) => Number(/^demo_(\d{1,9})$/.exec(id)?.[1] ?? 0));
  return `demo_${Math.max(0, ...numbers) + 1}`;
}

const ANSWER: ModelAnswer = {
  text: '',
  calls: [],
  opaque: '',
  finish: 'stop',
  model: SCRIPTED_MODEL,
  requestId: '',
  promptTokens: 0,
  completionTokens: 0,
};
