// What is wrong with an input, in words that say what to do, where its schema has none of its own. May import zod.
import type { z } from 'zod';

type Faulty = Parameters<z.core.$ZodErrorMap>[0];

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text, in quotes',
  number: 'a number, without quotes',
  int: 'a whole number, without quotes',
  boolean: 'true or false, without quotes',
  object: 'an object: {…}',
  array: 'a list: […]',
  record: 'an object: {…}',
};

const listed = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');

/** Undefined where zod's own words do. */
export function faultOf(issue: Faulty): string | undefined {
  const isMissing = issue.input === undefined;
  switch (issue.code) {
    case 'invalid_type': {
      const kind = KINDS[issue.expected] ?? issue.expected;
      return isMissing ? `is missing; write ${kind}` : `must be ${kind}`;
    }
    case 'unrecognized_keys':
      return `has what is not known here: ${listed(issue.keys)}; leave it out`;
    case 'invalid_value':
      return isMissing
        ? `is missing; write one of: ${listed(issue.values)}`
        : `must be one of: ${listed(issue.values)}`;
    default:
      return undefined;
  }
}
