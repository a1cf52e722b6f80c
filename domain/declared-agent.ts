// What an agent, a procedure, a limit, an intake and a directory must have, field by field. Pure. May import domain only.
import { areNamed, areTexts, type Field, isCode, isRecord, isRecordOf, isSchema, isText } from './declared.ts';

const optional = (name: string, isIt: Field['isIt'], say: string): Field => ({ name, isOptional: true, isIt, say });
/** Of which form an id must be, the directory says itself. */
const arePeople = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => isRecord(one) && typeof one.id === 'string');
const areRules = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => isRecord(one) && isText(one.id) && isCode(one.answer));

export const OF_AGENT: readonly Field[] = [
  { name: 'owner', isIt: isText, say: 'the id of a person of the directory, who answers for it' },
  { name: 'team', isIt: isText, say: 'the name of a group of the directory' },
  { name: 'purpose', isIt: isText, say: 'what it is for, in words' },
  { name: 'instructions', isIt: isText, say: 'to the model what it does, in words' },
  { name: 'tools', isIt: areNamed('name'), say: 'what it may do, as a list of defineTool({ … }); [] for nothing' },
  { name: 'rules', isIt: areRules, say: 'what it may do when, as a list of rule(…); with [] every write is denied' },
  optional('models', areTexts, 'names of models, as a list, or leave it out'),
  optional('prices', isRecordOf(isRecord), 'prices by the name of the model, or leave it out'),
  optional('procedures', areNamed('name'), 'a list of procedure({ … }), or leave it out'),
  optional('systems', areNamed('name'), 'a list of systems, each with kind and name, or leave it out'),
  optional('intake', isRecord, 'defineIntake({ … }), or leave it out'),
  optional('memory', isRecordOf(isRecord), 'kinds of fact by name, or leave it out'),
  optional('limits', isRecord, 'limits by name, such as { modelCallsPerTurn: 6 }, or leave it out'),
  optional('periodLimits', areNamed('name'), 'a list of defineLimit({ … }), or leave it out'),
  optional('budgets', isRecord, 'budgets by name, such as { principalPerDay: { modelCalls: 500 } }, or leave it out'),
  optional('retention', isRecord, 'spans by name, such as { closeIdleAfterDays: 365 }, or leave it out'),
  optional('demo', areNamed('example'), 'a list of what the demo model understands, or leave it out'),
];

export const OF_PROCEDURE: readonly Field[] = [
  { name: 'version', isIt: isText, say: 'a version in words, such as "1"' },
  { name: 'description', isIt: isText, say: 'for the model what it does, in words' },
  { name: 'input', isIt: isSchema, say: 'the arguments as a zod schema, such as z.strictObject({ … })' },
  { name: 'critical', isIt: areTexts, say: 'which arguments decide what it is about, as a list of their names' },
  optional('owner', isText, 'the id of a person, or leave it out'),
  ...['summarize', 'forWhom', 'howMuch'].map((name) => optional(name, isCode, 'a function, or leave it out')),
];

export const OF_LIMIT: readonly Field[] = [
  { name: 'of', isIt: areNamed('name'), say: 'which tools it counts, as a list of them' },
  optional('amount', isCode, 'how much a call takes, as a function, or leave it out'),
];

export const OF_INTAKE: readonly Field[] = [
  { name: 'facts', isIt: isRecordOf(isRecord), say: 'what it looks for, by name, such as { orderId: fact.id(/…/) }' },
  optional('questions', isRecord, 'how it asks for a fact, by name, or leave it out'),
  { name: 'route', isIt: isCode, say: 'what the facts come to, as a function' },
  {
    name: 'unclear',
    isIt: isRecord,
    say: 'where it goes then, such as { priority: 2, queue: "support", handover: true }',
  },
];

export const OF_DIRECTORY: readonly Field[] = [
  { name: 'people', isIt: arePeople, say: 'who there is, as a list of { id, name }' },
  { name: 'groups', isIt: isRecordOf(Array.isArray), say: 'ids of people by group, such as { finance: ["finn"] }' },
  optional('addresses', isRecordOf(isRecord), 'where groups are asked, by group and channel, or leave it out'),
];

export const OF_PERSON: readonly Field[] = [
  optional(
    'channels',
    isRecordOf((id) => typeof id === 'string'),
    'ids by channel, or leave it out',
  ),
  optional('actsFor', Array.isArray, 'ids of people, as a list, or leave it out'),
  optional('approvesUpTo', isRecord, 'cents by currency, such as { EUR: 50000 }, or leave it out'),
];
