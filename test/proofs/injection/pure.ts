// Every scenario of a seed over the tracing of values and the rules in their process, without servers: what would be allowed
// at once, and what asked. The transcript is as the system has it: after a question its answer comes as a report.
import { factsOf } from '../../../domain/ruling.ts';
import type { LoadedAgent } from '../../../domain/agent.ts';
import type { Item, ItemBody, Trust } from '../../../domain/item.ts';
import type { Principal } from '../../../domain/principal.ts';
import { createTracer } from '../../../domain/provenance.ts';
import { canonicalJson } from '../../../trust/digest.ts';
import type { RunningRules } from '../../../workers/rules/rules.ts';
import type { Scenario, Step } from './scenarios.ts';

/** What became of one scenario. */
export interface Ruled {
  readonly scenario: Scenario;
  /** By step: what the rules said of it. */
  readonly answers: readonly ('allow' | 'ask' | 'deny')[];
}

const REQUESTER: Principal = { id: 'ada', name: 'Ada', tenant: 'default' };

/** Whoever plants is denied, and whatever else is asked is approved. */
export async function ruleOn(loaded: LoadedAgent, rules: RunningRules, scenario: Scenario): Promise<Ruled> {
  const { agent } = loaded;
  const transcript = createTranscript(scenario.prompt);
  const answers: Ruled['answers'][number][] = [];
  for (const [at, step] of scenario.steps.entries()) {
    const shown = { principal: REQUESTER, instructions: agent.instructions, forgotten: 'clean' } as const;
    const tool = agent.tools.find(({ name }) => name === step.tool);
    if (tool === undefined) throw new Error(`there must be a tool ${step.tool}`);
    const args = canonicalJson(step.args);
    // A read that carries nothing out runs wherever its values come from, so that nobody need look.
    const isPlain = tool.effect === 'read' && !tool.egress;
    const provenance = createTracer({ ...shown, items: isPlain ? [] : transcript.items() })(step.args);
    const actionId = `${scenario.id}:1:${at}`;
    const call = { actionId, tool: tool.name, args, principal: REQUESTER, provenance, inspects: false };
    const { kind } = await rules.decide(agent.name, factsOf(call, tool, null, { groups: [], nowMs: 0 }));
    answers.push(kind);
    transcript.goOn(step, at, { kind, trust: tool.trust });
  }
  return { scenario, answers };
}

function createTranscript(prompt: string) {
  const items: Item[] = [];
  const add = (trust: Trust, body: ItemBody) => {
    const at = items.length;
    items.push({ id: `i${at}`, conversationId: 'pure', turn: 1, seq: at, trust, body, salt: '', createdMs: 0 });
  };
  add('principal', { kind: 'message', text: prompt, from: REQUESTER });
  return {
    items: (): readonly Item[] => items,
    goOn(
      { tool, args, result, isPlanted }: Step,
      at: number,
      { kind, trust }: { readonly kind: Ruled['answers'][number]; readonly trust: 'record' | 'untrusted' },
    ) {
      const callId = `at-${at}`;
      const text = typeof result === 'string' ? result : JSON.stringify(result);
      add('model', {
        kind: 'calls',
        text: '',
        calls: [{ callId, tool, argumentsText: JSON.stringify(args) }],
        opaque: '',
      });
      if (kind === 'allow') return add(trust, { kind: 'tool_result', callId, tool, text });
      add('record', { kind: 'tool_result', callId, tool, text: 'It waits for people.' });
      add('record', { kind: 'report', text: isPlanted ? 'It was denied.' : text });
    },
  };
}
