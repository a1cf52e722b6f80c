// What a model is told of what it may call, tools and procedures: name, description, JSON Schema of the input. May import
// domain and zod.
// The schema only guides the model: `propose` parses what it wrote, so nothing is lost where a server cannot follow.
import { z } from 'zod';
import { type Agent, callablesOf } from '../domain/agent.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { ToolSpec } from '../domain/model.ts';

/** The specs of tools and procedures. Throws with a sentence when an input is no object, which every provider refuses. */
export function toolSpecsOf(
  agent: Pick<Agent, 'name' | 'tools'> & Partial<Pick<Agent, 'procedures'>>,
): readonly ToolSpec[] {
  return callablesOf(agent).map(({ name, description, input, effect }) => {
    // draft-7, which the grammars of local servers know; the input side; what JSON Schema cannot say becomes "any".
    const options = { target: 'draft-7', io: 'input', unrepresentable: 'any' } as const;
    const { $schema: _, '~standard': __, ...parameters } = z.toJSONSchema(input, options) as JsonObject;
    if (parameters['type'] !== 'object') {
      const what = effect === 'start' ? 'procedure' : 'tool';
      throw new Error(`agent "${agent.name}": the input of the ${what} "${name}" must be a z.object`);
    }
    return { name, description, parameters: withoutOddPatterns(parameters) as JsonObject };
  });
}

/** Look-around, Unicode classes and word borders: servers that turn a schema into a grammar refuse the whole request. */
const ODD_PATTERN = /\(\?[^:]|\\[pPbB]/;

function withoutOddPatterns(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withoutOddPatterns);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([key, value]) => !(key === 'pattern' && typeof value === 'string' && ODD_PATTERN.test(value)),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutOddPatterns(value)]));
}
