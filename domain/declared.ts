// Whether what somebody declares has the fields that it must have, whoever wrote it: a caller need not have been
// type-checked, and what is left out must not be taken for harmless. Pure. May import nothing.

/** What a field must be. `isIt` is asked only of what is there. */
export interface Field {
  readonly name: string;
  readonly isOptional?: true;
  readonly isIt: (value: unknown) => boolean;
  /** Ends the sentence: "say …". */
  readonly say: string;
}

export const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';
export const isFlag = (value: unknown): boolean => typeof value === 'boolean';
export const isCode = (value: unknown): boolean => typeof value === 'function';
export const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
/** A list of things that have a text under this name. */
export const areNamed =
  (name: string) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every((one) => isRecord(one) && isText(one[name]));
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isRecordOf =
  (isIt: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    isRecord(value) && Object.values(value).every(isIt);
export const isSchema = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'safeParse' in value && isCode(value.safeParse);
export const isOneOf =
  (...words: readonly string[]) =>
  (value: unknown): boolean =>
    typeof value === 'string' && words.includes(value);

/**
 * The first thing that is wrong, as a sentence with what to do; undefined where nothing is. `others` are fields that whoever
 * asks looks at; any further one is misspelt, and what it should have said would not hold.
 */
export function problemOfFields(
  fields: readonly Field[],
  definition: unknown,
  others: readonly string[] = [],
): string | undefined {
  if (!isRecord(definition)) return `it is ${shown(definition)}; write an object, { … }`;
  for (const { name, isOptional, isIt, say } of fields) {
    const value = definition[name];
    if (value === undefined) {
      if (isOptional) continue;
      return `${name} is missing; say ${say}`;
    }
    if (!isIt(value)) return `${name} is ${shown(value)}; say ${say}`;
  }
  return unknownName([...others, ...fields.map((field) => field.name)], definition);
}

/** The first name that is none of these, as a sentence; undefined where there is none. `of` ends in a dot, or is ''. */
export function unknownName(names: readonly string[], definition: object, of = ''): string | undefined {
  const unknown = Object.keys(definition).find((name) => !names.includes(name));
  return unknown === undefined ? undefined : `${of}${unknown} is unknown; there are ${names.join(', ')}`;
}

// 40 characters: enough to find it in the source.
const MAX_SHOWN_CHARS = 40;

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? `"${value}"` : String(value);
  return (JSON.stringify(value) ?? 'an object').slice(0, MAX_SHOWN_CHARS);
}
