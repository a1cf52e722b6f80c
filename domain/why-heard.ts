// What the story says of the time before a proposal: who asked, what an intake made of it, and what a model saw. Pure.
// May import domain only.
import type { FactOf } from './entry.ts';
import type { ShownWithin } from './fitting.ts';
import type { ItemMark } from './item.ts';
import { type Known, type Line, listed, money, nameOf } from './why-line.ts';

export function asked(fact: FactOf<'message'>, { items }: Known): Line {
  const kept = items.get(fact.itemId);
  const quoted = kept === undefined ? 'words that are not kept any more' : `“${kept.item.body.text}”`;
  // What was derived again has no digest: the signature says which words they were.
  const isSame = kept === undefined || fact.itemDigest === '' || kept.digest === fact.itemDigest;
  const isSigned = typeof fact.signed === 'string';
  return {
    part: 'asked',
    text: `${nameOf(fact.principal)} asked: ${quoted}`,
    coverage: !isSame ? 'unknown' : isSigned ? 'enforced' : 'attributed',
    because: !isSame
      ? 'the words are not those that were recorded'
      : isSigned
        ? 'the API signed who sent it, and the signature holds'
        : 'it was recorded before messages were kept with their signature',
    details: { messageId: fact.messageId, principal: fact.principal.id, itemId: fact.itemId },
  };
}

export function saw(fact: FactOf<'model_call'>, { items }: Known, isRebuilt: boolean): Line {
  const seen = fact.shown.map((one) => (typeof one === 'string' ? { id: one, digest: '' } : one));
  const changed = seen.filter(({ id, digest }) => digest !== '' && items.has(id) && items.get(id)?.digest !== digest);
  const gone = seen.filter(({ id }) => !items.has(id));
  const { within } = fact;
  const kinds = seen
    .map(({ id }) => items.get(id)?.item)
    .map((item) => (item ? `${item.body.kind} (${item.trust})` : '?'));
  const cost = fact.cost === null || fact.cost === undefined ? '' : `, ${money(fact.cost)}`;
  const isWhole = changed.length + gone.length === 0;
  const who = isRebuilt ? 'a model, of which the name is lost,' : `the model ${fact.model}`;
  const onRecord = isRebuilt
    ? 'by id only, what it was then is lost'
    : `by digest${isWhole ? '' : `, and ${gone.length} are erased`}`;
  const did = fact.of === 'summary' ? 'chose what is kept of' : 'saw';
  return {
    part: 'saw',
    text: `${who} ${did} ${seen.length} items: ${kinds.join(', ')}${notWhole(within)}; ${fact.promptTokens} + ${fact.completionTokens} tokens${cost}`,
    coverage: changed.length > 0 ? 'unknown' : 'attributed',
    because:
      changed.length > 0
        ? `${changed.length} of the items are not what the model was shown`
        : `what it answered is its own; what it was shown is on record ${onRecord}`,
    details: {
      ...{ requestId: fact.requestId, shown: seen.map(marked), itemId: fact.itemId },
      ...(within === undefined ? {} : { within: detailsOf(within) }),
    },
  };
}

const marked = ({ id, digest }: ItemMark) => ({ id, digest });

/** What of the transcript a call did not show whole, and why; '' where there is nothing of it. */
function notWhole(within: ShownWithin | undefined): string {
  if (within === undefined) return '';
  const { reduced, leftOut, maxTokens } = within;
  const noRoom = leftOut.filter(({ why }) => why === 'no_room').length;
  const unpaired = leftOut.filter(({ why }) => why === 'no_counterpart').length;
  const summedUp = leftOut.length - noRoom - unpaired;
  const parts = [
    ...(reduced.length === 0 ? [] : [`${reduced.length} results as one line each`]),
    ...(noRoom === 0 ? [] : [`${noRoom} items not at all`]),
  ];
  const remembered = rememberedText(within);
  const summed = summedUp === 0 ? '' : `, a summary in the place of ${summedUp} items`;
  const forRoom = `${summed}${parts.length === 0 ? '' : `, to stay within ${maxTokens} tokens ${parts.join(' and ')}`}`;
  return `${unpaired === 0 ? forRoom : `${forRoom}, and ${unpaired} not that had no counterpart`}${remembered}`;
}

function rememberedText({ facts }: ShownWithin): string {
  if (facts === undefined) return '';
  const { shown, leftOut } = facts;
  return `, with ${shown.length} remembered facts${leftOut.length === 0 ? '' : `, and ${leftOut.length} had no room`}`;
}

const detailsOf = ({ maxTokens, countedTokens, reduced, leftOut, facts }: ShownWithin) => ({
  ...{ maxTokens, countedTokens, reduced: reduced.map(marked) },
  leftOut: leftOut.map(({ id, digest, ...rest }) => ({ id, digest, ...rest })),
  ...(facts === undefined ? {} : { facts: { shown: facts.shown.map(marked), leftOut: facts.leftOut.map(marked) } }),
});

export function sawInVain({ shown, within, models, reason }: FactOf<'model_call_failed'>): Line {
  return {
    part: 'saw',
    text: `${listed(models)} saw ${shown.length} items${notWhole(within)}, or may have, and gave no answer that counts: ${reason}`,
    coverage: 'attributed',
    because: 'what a provider does with what it was sent is its own',
    details: { shown: shown.map(marked), ...(within === undefined ? {} : { within: detailsOf(within) }) },
  };
}

export function takenIn(fact: FactOf<'intake'>, isRebuilt: boolean): Line {
  const { turn, priority, queue, facts, version, called, unlooked } = fact;
  const told = facts.filter(({ state }) => state !== 'unsaid');
  const each = told.map(({ name, state, why }) => `${name} ${state}${why === '' ? '' : ` (${why})`}`);
  const rest = isRebuilt ? 'its facts are lost' : each.join(', ') || 'nothing was said of its facts';
  const calls = called.filter((one) => one.turn === turn).map(({ why }) => why);
  const besides = [
    ...(unlooked === true ? ['no model has looked through what was written'] : []),
    ...(calls.length === 0 ? [] : [`a person is called (${calls.join(', ')})`]),
  ];
  return {
    part: 'asked',
    text: `the intake put the conversation at priority ${priority}, queue ${queue}: ${[rest, ...besides].join('; ')}`,
    coverage: 'enforced',
    because: 'code made it of the words that people wrote; what a model leaves out or makes up can only raise it',
    details: {
      version,
      facts: told.map(({ name, state, quotes }) => ({
        name,
        state,
        quotes: quotes.map(({ id, digest }) => ({ id, digest })),
      })),
    },
  };
}
