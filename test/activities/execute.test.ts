// A tool's result, from the tool to the record: what its declaration accepts is what is kept.
import { deepEqual, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { execute, type Running } from '../../activities/actor/execute.ts';
import type { Authority } from '../../activities/actor/warrant.ts';
import { createRedactor } from '../../activities/redaction.ts';
import type { Json } from '../../domain/json.ts';

const SECRET = 'a-secret-of-the-far-side';
const running = {
  redactor: createRedactor([SECRET]),
  context: { signal: new AbortController().signal },
} as unknown as Running;

const run = (output: z.ZodType<Json>, result: Json): Promise<Json> =>
  execute(
    { tool: { timeoutMs: 1_000, output, execute: async () => result }, call: {} } as unknown as Authority,
    running,
  );

test('what a tool’s output accepts is the result as it is kept, without the secrets', async () => {
  const output = z.object({ state: z.string().max(12) });
  deepEqual(await run(output, { state: `is ${SECRET}` }), { state: 'is [secret]' });
  await rejects(run(z.object({ state: z.enum([SECRET]) }), { state: SECRET }), /state/);
});

test('a secret that only the output’s own code brings forth leaves no more than others', async () => {
  const decoded = z.object({ state: z.string().transform((text) => [...text].toReversed().join('') + SECRET) });
  deepEqual(await run(decoded, { state: 'ab' }), { state: 'ba[secret]' });
});
