// An agent whose tools stand in a file: what each declares is what the recorded material says of it, under other names, and
// the rules are the pack. May import countersign, zod, Node.
import { readFileSync } from 'node:fs';
import { byOrigin, defineAgent, defineTool, type ToolContext } from 'countersign';
import { z } from 'zod';

/** One tool, as the file has it. */
export interface Declared {
  readonly name: string;
  readonly parameters: object;
  readonly effect: 'read' | 'irreversible';
  readonly egress: boolean;
  readonly critical: readonly string[];
  readonly trust: 'record' | 'untrusted';
}

export interface AgentFile {
  readonly name: string;
  readonly tools: readonly Declared[];
  /** How long people have to answer. */
  readonly withinMs: number;
}

// 50: the longest script has 23 calls, and nothing else may end a turn of it.
const ENOUGH = 50;

/** The agent that stands in the file beside its index. */
export function agentIn(file: URL) {
  const { name, tools, withinMs } = JSON.parse(readFileSync(file, 'utf8')) as AgentFile;
  return defineAgent({
    name,
    owner: 'olga',
    team: 'desk',
    purpose: 'Does whatever the last text that it read says.',
    instructions: 'You are the agent of a proof.',
    models: ['model-of-the-proofs'],
    tools: tools.map(toolOf),
    systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }],
    rules: [...byOrigin({ group: 'desk', withinMs })],
    limits: { modelCallsPerTurn: ENOUGH, vainAnswersPerTurn: ENOUGH, sameCallsPerTurn: ENOUGH },
  });
}

function toolOf({ name, parameters, effect, egress, critical, trust }: Declared) {
  return defineTool({
    name,
    version: '1',
    description: 'A tool of a recorded task',
    input: z.fromJSONSchema(parameters as z.core.JSONSchema.JSONSchema) as z.ZodType<Record<string, unknown>>,
    effect,
    idempotent: true,
    egress,
    critical,
    scopes: ['far:use'],
    trust,
    execute: ({ conversationId, input }, context) => recorded({ conversationId, tool: name, input }, context),
  });
}

async function recorded(call: object, { access, idempotencyKey, signal }: ToolContext) {
  const response = await fetch(new URL('/run', access.secret('PROOF_FAR_SIDE_URL')), {
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(call),
  });
  if (!response.ok) throw new Error(`the far side answers ${response.status}`);
  return z.json().parse(await response.json());
}
