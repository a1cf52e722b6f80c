import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { toolSpecsOf } from '../../activities/tool-specs.ts';
import { anAgent } from './support.ts';

test('a pattern that servers with grammars refuse is not shown to the model, the others are', () => {
  const input = z.object({
    id: z.string().regex(/^\d+$/),
    number: z.string().regex(/^(?!0)\d+$/),
    name: z.string().regex(/^\p{L}+$/u),
  });
  const tools = anAgent().tools.map((tool) => ({ ...tool, input }));
  const [spec] = toolSpecsOf({ name: 'desk', tools });
  assert.deepEqual(spec?.parameters['properties'], {
    id: { type: 'string', pattern: '^\\d+$' },
    number: { type: 'string' },
    name: { type: 'string' },
  });
});

test('a tool whose input is no object stops the start with a sentence', () => {
  const tools = anAgent().tools.map((tool) => ({ ...tool, input: z.string() }));
  const agent = { name: 'desk', tools };
  assert.throws(() => toolSpecsOf(agent), /agent "desk": the input of the tool "lookup" must be a z.object/);
});
