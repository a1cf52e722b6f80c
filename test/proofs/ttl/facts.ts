// What was remembered three weeks ago: gone where its time is over, read again where it is stale, and acted on in neither
// state.
import { MOVED_TO } from '../memory/agents/keeper/mail.ts';
import type { Recorder } from '../memory/model.ts';
import type { Action, Somebody } from '../memory/people.ts';
import { createSearch, known } from '../secrets/canaries.ts';

export interface Told {
  /** Where letters go; where they work; and what nothing is ever done with. */
  readonly place: string;
  readonly office: string;
  readonly canary: string;
}

type Expect = (what: string, holds: boolean, found?: unknown) => void;

const sending = (to: string) => ['send', JSON.stringify({ to })] as const;
const told = (actions: readonly Action[]): string =>
  actions.map(({ tool, verdict, outcome }) => `${tool} ${verdict?.ruleId} ${outcome?.kind}`).join(', ');

export async function tell(ada: Somebody, { place, office, canary }: Told, expect: Expect): Promise<void> {
  const words = `Letters go to ${place}, I work at ${office}, and I do not eat ${canary}.`;
  const facts = [{ contact: { at: place } }, { office: { at: office } }, { diet: { not: canary } }];
  const { actions } = await ada.talk(
    'told',
    words,
    facts.map((fact) => ['remember', JSON.stringify(fact)]),
  );
  const each = 'remember memory.remember succeeded';
  expect('what they say is remembered', told(actions) === [each, each, each].join(', '), actions);
  const fresh = await ada.talk('fresh', 'Write to me, please.', [sending(place)]);
  expect('and acted on while it is fresh', told(fresh.actions) === 'send send.known succeeded', fresh.actions);
}

export async function inThreeWeeks(recorder: Recorder, ada: Somebody, words: Told, expect: Expect): Promise<void> {
  const { place, office, canary } = words;
  const over = await ada.talk('over', 'Write to me, please.', [sending(place)]);
  expect('nothing is done by what is over', told(over.actions) === 'send send.known denied', over.actions);
  const prompts = recorder.promptsOf('over').map((prompt) => prompt.replace(/Calls.*/g, ''));
  const search = createSearch();
  for (const text of [place, canary]) search.add(known(text, text));
  expect('what is over is in no prompt', search.find('prompts', prompts.join('\n')).length === 0, prompts);
  expect('nor in an answer', !over.replies.some((one) => one.includes(place) || one.includes(canary)), over.replies);
  expect(
    'what is stale is still shown, as such',
    prompts[0]?.includes('read it again with read_contact') === true,
    prompts,
  );

  const stale = await ada.talk('stale', 'Write to my office, please.', [sending(office)]);
  const read = 'send stale-fact denied, read_contact contact succeeded, send send.known succeeded';
  expect('what is stale is read again before anything is done', told(stale.actions) === read, stale.actions);
  const [sent] = stale.actions.slice(-1);
  expect('and what the record says is done', JSON.stringify(sent?.args).includes(MOVED_TO), sent);
  const listed = JSON.stringify(await ada.facts());
  expect(
    'what is over is on no list',
    !listed.includes(place) && !listed.includes(canary) && listed.includes(office),
    listed,
  );
}
