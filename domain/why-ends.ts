// What the story says of an action from the moment on that it is claimed: under which warrant, what ran with which reach,
// and whose word it is how it ended. Pure. May import domain only.
import type { Outcome } from './action.ts';
import type { FactOf } from './entry.ts';
import type { Json } from './json.ts';
import type { Chain } from './why-chain.ts';
import { type Coverage, json, type Line, listed } from './why-line.ts';

export function claimed({ warrant, digest }: FactOf<'claimed'>): Line | undefined {
  if (warrant === null) return undefined; // closed without being begun: how it ended says so
  const decisions = warrant?.decisionIds ?? [];
  const leave = decisions.length === 0 ? 'no decision was needed' : `decisions ${decisions.join(', ')}`;
  return {
    part: 'warrant',
    text: warrant === undefined ? 'the actor claimed it' : `the actor verified its warrant and claimed it: ${leave}`,
    coverage: 'enforced',
    because: 'an action is claimed once, by its id and by its digest, while its verdict is on record',
    details: warrant === undefined ? { digest } : { digest, ...warrant, decisionIds: [...decisions] },
  };
}

export function attempted({ epoch, tool, scopes, credential }: FactOf<'attempted'>): Line {
  const [how, because] = HOW[credential];
  return {
    part: 'ran',
    text: `${tool} ran${epoch > 1 ? ` again, under the same key, as attempt ${epoch}` : ''} with ${how}; scopes: ${listed(scopes)}`,
    coverage: credential === 'minted' ? 'enforced' : 'attributed',
    because,
  };
}

const HOW: Readonly<Record<FactOf<'attempted'>['credential'], readonly [how: string, because: string]>> = {
  minted: [
    'a credential that was made for this attempt alone',
    'the credential reaches no further than these scopes and this customer',
  ],
  standing: ['a secret of the deployment', 'the far side decides what the secret may do'],
  none: ['no credential', 'it was given none; what the tool’s own code reaches without one nobody checks'],
};

export function settled({ outcome, by }: FactOf<'settled'>, chain: Chain, isRebuilt: boolean): Line {
  const succeeded = outcome.kind === 'succeeded';
  const said = !succeeded ? outcome.reason : isRebuilt ? 'what it gave back is lost' : json(outcome.result);
  if (outcome.kind === 'unknown') {
    return {
      part: 'came back',
      text: `it may have happened: ${said}`,
      coverage: 'unknown',
      because: 'nobody could tell',
    };
  }
  const [coverage, because] = by === undefined ? whoseWord(outcome, chain, isRebuilt) : ofProcedure(chain);
  const text = `it ${succeeded ? 'succeeded' : `ended as ${outcome.kind}`}: ${said}`;
  return { part: 'came back', text, coverage, because };
}

/** What came of its steps is on record under their own ids, each as the word of whoever did it. */
const ofProcedure = ({ proposal, isBegun }: Chain): readonly [Coverage, string] =>
  proposal?.effect === 'start' && !isBegun
    ? ['attributed', 'its own code says so; each of its steps is an action of its own, with a story of its own']
    : ['unknown', 'it is told as the end of a procedure, and is none'];

type Ended = Exclude<Outcome, { kind: 'unknown' }>;

function whoseWord(outcome: Ended, chain: Chain, isRebuilt: boolean): readonly [Coverage, string] {
  const person = answeredBy(outcome, chain);
  if (person !== undefined) return ['attributed', `it is the word of ${person}, who was asked whether it happened`];
  const { attempts, isBegun, proposal, rulings } = chain;
  if (attempts.length > 0) return ['attributed', 'what came back is the word of the far side'];
  if (isRebuilt) return ['attributed', 'so much Temporal’s history says; the attempts are lost'];
  if (outcome.kind === 'succeeded') return ['unknown', 'no attempt is on record that it could have come from'];
  if (isBegun) return ['attributed', 'it was begun, and no attempt is on record: so much the actor said'];
  const mayHaveRun = proposal?.effect === 'read' && rulings.some(({ fact }) => fact.verdict.kind !== 'deny');
  if (mayHaveRun && outcome.kind !== 'denied') {
    return ['attributed', 'no attempt is on record; a read that is cut off in the middle leaves none'];
  }
  return ['enforced', 'nothing was run for it'];
}

/** Who corrected an outcome that nobody knew; undefined where it was not people. */
function answeredBy(outcome: Ended, { questions, decisions }: Chain): string | undefined {
  const answers = decisions.filter(({ fact }) =>
    questions.some((question) => question.fact.approval.id === fact.approvalId),
  );
  return answers.find(({ fact: { answer, personId } }) =>
    outcome.kind === 'succeeded'
      ? answer === 'happened' && (outcome.result as { confirmedBy?: Json } | null)?.confirmedBy === personId
      : answer === 'did_not_happen' && outcome.reason.startsWith(`it did not happen; ${personId} looked`),
  )?.fact.personId;
}
