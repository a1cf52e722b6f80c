// The architecture as a test: it walks the imports of every file and prints the offending lines.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importsOf, offences } from '../support/layers.ts';
import { readSource, sourceFiles } from '../support/sources.ts';

test('no file imports what its layer may not', () => {
  const files = sourceFiles().filter((path) => path.includes('/') || path === 'index.ts');
  assert.ok(files.includes('domain/action.ts'), 'the walk finds the sources');
  const found = files.flatMap((path) => offences(path, readSource(path)));
  assert.equal(found.length, 0, `\n${found.join('\n')}\n`);
});

test('Workflow code waits by our own condition alone, which counts whom it wakes', () => {
  const ofTheSdk = /import \{[^}]*\bcondition\b[^}]*\} from '@temporalio\/workflow'/;
  const found = sourceFiles('workflows').filter((path) => ofTheSdk.test(readSource(path)));
  assert.deepEqual(found, ['workflows/in-turn.ts']);
});

test('no module of Workflow code keeps anything of a run: all runs of a process have the same modules', () => {
  // At its top, a name that is bound anew, something that grows; and a pattern that keeps its place, as
  // what a module exports is frozen there.
  const grows = /(?:: (?!Readonly|readonly)[^=]+)? = (?:new (?:Map|Set|Weak\w+|Array|Promise)\b|Promise\.|\[\];|\{\};)/;
  const keeps = new RegExp(
    String.raw`^(?:(?:export )?(?:(?:let|var) |const \w+${grows.source})|  static \w+ =).*`,
    'gm',
  );
  const frozen = /^export const \w+ = \/.*\/[a-z]*[gy][a-z]*;/gm;
  const files = [...sourceFiles('workflows'), ...sourceFiles('domain')];
  const found = [keeps, frozen].flatMap((pattern) =>
    files.flatMap((path) => Array.from(readSource(path).matchAll(pattern), ([line]) => `${path}: ${line}`)),
  );
  // Formats by time zone: the same for whoever asks.
  assert.deepEqual(found, ['domain/period.ts: const formats = new Map<string, Intl.DateTimeFormat>();']);
});

test('every way to import is seen, with its line and whether it is a type only', () => {
  const text = [
    "import { a,\n  b } from 'one';",
    "import type { C } from './two.ts';",
    "import d, { type E } from '../three.ts';",
    "export { f } from 'four';",
    "export type * from 'five';",
    "import 'six';",
    "const g = await import('seven');",
    'const h = await import(path);',
  ].join('\n');
  assert.deepEqual(
    importsOf(text).map(({ specifier, line, typeOnly }) => [specifier, line, typeOnly]),
    [
      ['one', 1, false],
      ['./two.ts', 3, true],
      ['../three.ts', 4, false],
      ['four', 5, false],
      ['five', 6, true],
      ['six', 7, false],
      ['seven', 8, false],
      ['a computed path', 9, false],
    ],
  );
});

const REFUSED: readonly (readonly [file: string, text: string])[] = [
  ['domain/x.ts', "import { createHash } from 'node:crypto';"],
  ['domain/x.ts', "import type { ZodType } from 'zod';"],
  ['domain/tool.ts', "import { z } from 'zod';"],
  ['trust/x.ts', "import type { Store } from '../store/ports.ts';"],
  ['store/ports.ts', "import { succeeded } from '../domain/tool.ts';"],
  ['workflows/x.ts', "import { propose } from '../activities/workflows/propose.ts';"],
  ['workflows/x.ts', "import { readFile } from 'node:fs/promises';"],
  ['activities/assistant/x.ts', "import type { Act } from '../actor/act.ts';"],
  ['activities/actor/x.ts', "import OpenAI from 'openai';"],
  ['activities/x.ts', "import { act } from './actor/act.ts';"],
  ['api/x.ts', "import { createStore } from '../store/create.ts';"],
  ['api/x.ts', "import type { Act } from '../activities/actor/act.ts';"],
  ['agents/support-desk/index.ts', "import { thing } from '../on-call/index.ts';"],
  ['agents/support-desk/index.ts', "import { rule } from '../../domain/rule.ts';"],
  ['agents/support-desk/tools/x.ts', 'await import(path);'],
  ['cli/commands/chat.ts', "import { startAll } from '../../workers/all.ts';"],
  ['cli/start/start.ts', "import { openStore } from '../../store/store.ts';"],
  ['somewhere/x.ts', ''],
];

for (const [file, text] of REFUSED) {
  test(`refused: ${file} with ${text === '' ? 'no layer' : text}`, () => {
    assert.equal(offences(file, text).length, 1);
  });
}

const ALLOWED: readonly (readonly [file: string, text: string])[] = [
  ['domain/tool.ts', "import type { ZodType } from 'zod';"],
  ['store/ports.ts', "import type { Item } from '../domain/item.ts';"],
  ['workflows/x.ts', "import type { Activities } from '../activities/workflows/create.ts';"],
  ['activities/actor/x.ts', "import { beat } from '../heartbeat.ts';"],
  ['activities/assistant/models/x.ts', "import type { Chat } from 'openai/resources/chat/completions';"],
  ['api/x.ts', "import type { Store } from '../store/ports.ts';"],
  ['agents/support-desk/tools/x.ts', "import { money } from '../money.ts';"],
  ['cli/start/start.ts', "import { startAll } from '../../workers/all.ts';"],
];

for (const [file, text] of ALLOWED) {
  test(`allowed: ${file} with ${text}`, () => assert.deepEqual(offences(file, text), []));
}

test('an offence names the file, the line and what is wrong', () => {
  assert.deepEqual(offences('api/x.ts', "// why\nimport { pages } from '../store/pages.ts';"), [
    'api/x.ts:2: /api may not import ../store/pages.ts, but by `import type`',
  ]);
});
