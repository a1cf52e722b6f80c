// Who may make an agent remember and forget, whatever its other rules say: only what the principal said, or a record does.
// These rules stand before the agent's own. Pure. May import domain only.
import { doubtAbout } from './by-origin.ts';
import { FORGET, type MemoryKinds, REMEMBER } from './memory.ts';
import { allow, ask, deny, type Rule, type RuleCase } from './rule.ts';

/** The rules of an agent's memory. */
export function memoryRules(kinds: MemoryKinds): readonly Rule[] {
  return [
    { id: 'memory.remember', tool: REMEMBER, answer: (action: RuleCase) => mayRemember(kinds, action) },
    // What somebody else wrote must not make it forget what the principal said.
    { id: 'memory.forget', tool: FORGET, answer: mayForget },
  ];
}

const mayForget = ({ provenance }: Pick<RuleCase, 'provenance'>) =>
  provenance?.context === 'clean'
    ? allow('nobody but the principal and the house can have asked for it')
    : deny('others’ text stands in this conversation, and could ask for it; forget it over the API, or in a new one');

function mayRemember(kinds: MemoryKinds, action: RuleCase) {
  // Or what was remembered once would be for ever, whatever its time is.
  const again = action.provenance?.values.find(({ factId }) => factId !== undefined);
  if (again !== undefined) {
    return deny(
      `${again.path} is only remembered; it is remembered anew where the principal says it, or a record does`,
    );
  }
  const doubt = doubtAbout(action);
  if (doubt === undefined) return allow('the principal’s own words, or a record');
  const group = Object.keys(action.input).map((kind) => kinds[kind]?.group)[0];
  return group === undefined ? deny(`${doubt}; nothing is remembered of that`) : ask({ group, reason: doubt });
}
