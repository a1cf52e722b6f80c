// What is wrong with the declaration of a tool. Pure. May import domain only.
import { areTexts, type Field, isCode, isFlag, isOneOf, isSchema, isText, problemOfFields } from './declared.ts';
import type { Json } from './json.ts';
import type { ToolDefinition } from './tool.ts';

const CODE = 'a function, or leave it out';

const FIELDS: readonly (Field & { readonly name: keyof ToolDefinition<unknown, Json> })[] = [
  { name: 'version', isIt: isText, say: 'a version in words, such as "1"' },
  { name: 'description', isIt: isText, say: 'for the model what it does, in words' },
  { name: 'input', isIt: isSchema, say: 'the arguments as a zod schema, such as z.strictObject({ … })' },
  { name: 'output', isOptional: true, isIt: isSchema, say: 'the result as a zod schema, or leave it out' },
  { name: 'effect', isIt: isOneOf('read', 'write', 'irreversible'), say: '"read", "write" or "irreversible"' },
  { name: 'idempotent', isIt: isFlag, say: 'true where the far side honours the idempotency key, else false' },
  { name: 'egress', isIt: isFlag, say: 'true where the call carries data out of the house, else false' },
  {
    name: 'critical',
    isIt: areTexts,
    say: 'which arguments decide who, where and how much, as a list of their names; [] where none does',
  },
  { name: 'scopes', isIt: areTexts, say: 'the least that its credential needs, such as ["shop:read"]; [] for none' },
  { name: 'trust', isOptional: true, isIt: isOneOf('untrusted', 'record'), say: '"record" or "untrusted"' },
  { name: 'preconditions', isOptional: true, isIt: areTexts, say: 'names of fields of the evidence, as a list' },
  { name: 'then', isOptional: true, isIt: isOneOf('nothing', 'handover'), say: '"nothing" or "handover"' },
  { name: 'owner', isOptional: true, isIt: isText, say: 'the id of a person, or leave it out' },
  { name: 'execute', isIt: isCode, say: 'what it does, as a function' },
  { name: 'memory', isOptional: true, isIt: (value) => value === true, say: 'true, or leave it out' },
  ...(['inspect', 'reconcile', 'summarize', 'forWhom', 'howMuch', 'continues'] as const).map((name) => {
    return { name, isOptional: true as const, isIt: isCode, say: CODE };
  }),
];

/** The first thing that is wrong, as a sentence with what to do; undefined where nothing is. */
export function problemOfDeclaration(definition: object): string | undefined {
  return (
    problemOfFields(FIELDS, definition, ['name', 'timeoutMs']) ??
    strangeCritical(definition as Readonly<Record<string, unknown>>)
  );
}

/** What is looked at of a schema: an object has a shape, and lets others in where its catch-all is not `never`. */
interface Schema {
  readonly shape?: unknown;
  readonly def?: { readonly catchall?: { readonly def?: { readonly type?: unknown } } };
}

/** Of an object's schema: a critical argument that is none would guard nothing. */
function strangeCritical({ input, critical }: Readonly<Record<string, unknown>>): string | undefined {
  const { shape, def } = input as Schema;
  const isOpen = def?.catchall !== undefined && def.catchall.def?.type !== 'never';
  if (typeof shape !== 'object' || shape === null || isOpen) return undefined;
  const strange = (critical as readonly string[]).find((name) => !Object.hasOwn(shape, name));
  if (strange === undefined) return undefined;
  const names = Object.keys(shape).join(', ') || 'no argument';
  return `critical names "${strange}", which its input does not have; it has ${names}`;
}
