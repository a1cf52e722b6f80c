// The digest of what a tool declares: all by which a rule or a person knows what would run. A proposal carries it, so that
// a declaration which changes before the act voids what was approved. May import domain, trust and zod.
import { z } from 'zod';
import { type Agent, callablesOf } from '../domain/agent.ts';
import type { Json } from '../domain/json.ts';
import type { AnyTool, Callable } from '../domain/tool.ts';
import { canonicalJson, sha256Hex } from '../trust/digest.ts';

/**
 * The digests of an agent's tools and procedures, by name; made once, when the agent is loaded. Throws a sentence that names
 * the one.
 */
export function declarationsOf({
  name,
  ...all
}: Pick<Agent, 'name' | 'tools'> & Partial<Pick<Agent, 'procedures'>>): ReadonlyMap<string, string> {
  return new Map(
    callablesOf(all).map((tool) => {
      try {
        return [tool.name, declarationDigest(tool)];
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`agent "${name}": the schemas of the tool "${tool.name}" cannot be written down: ${why}`, {
          cause: error,
        });
      }
    }),
  );
}

/** What a tool has, and a procedure has not. */
type OfTools = Partial<
  Pick<AnyTool, 'idempotent' | 'scopes' | 'trust' | 'output' | 'continues' | 'memory' | 'reconcile'>
>;

/**
 * SHA-256, hex. Left out on purpose: `timeoutMs`, for the actor goes by its own limit; the words for the model, which
 * proposes and decides nothing; the lines for people, which are functions, and stand in the proposal as they were shown;
 * and who answers for the tool. Code cannot be compared, neither what a tool does nor a refinement of its schema: who
 * changes it changes the version.
 */
export function declarationDigest(tool: Callable & OfTools): string {
  const { name, version, effect, egress, critical, preconditions, then } = tool;
  const { idempotent = null, scopes = null, trust = null } = tool;
  const said = { name, version, effect, idempotent, egress, critical, scopes, trust, preconditions, then };
  const does = {
    inspects: tool.inspect !== undefined,
    reconciles: tool.reconcile !== undefined,
    // Only where it is so: the digests of all other tools stay what they were.
    ...(tool.continues === undefined ? {} : { continues: true }),
    ...(tool.memory === undefined ? {} : { memory: true }),
  };
  const output = tool.output === undefined ? null : schemaOf(tool.output);
  return sha256Hex(
    canonicalJson(['countersign/declaration/1', { ...said, ...does, input: schemaOf(tool.input), output }]),
  );
}

/** As JSON Schema: what is let in. What it cannot say becomes "any". */
function schemaOf(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, {
    ...{ io: 'input', unrepresentable: 'any' },
    // Here and not by the name of a key: a property may be called `description`.
    override: ({ jsonSchema }) => {
      for (const words of ['title', 'description', 'examples'] as const) delete jsonSchema[words];
    },
  }) as Json;
}
