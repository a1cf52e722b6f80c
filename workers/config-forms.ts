// The forms that values of the environment may have. Their messages end the sentence "NAME …". May import zod.
import { z } from 'zod';

export const text = z.string();
export const optional = text.optional();
export const list = text.transform((value) =>
  value.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])),
);
export const oneOf = <const Names extends readonly [string, ...string[]]>(...names: Names) =>
  z.enum(names, { error: `must be one of ${names.join(', ')}` });
export const wholeNumber = (from: number, to: number) =>
  text
    .regex(/^-?\d{1,15}$/, { error: `must be a whole number from ${from} to ${to}` })
    .transform(Number)
    .refine((value) => value >= from && value <= to, { error: `must be a whole number from ${from} to ${to}` });
export const url = (...schemes: readonly string[]) =>
  text
    .refine((value) => schemes.some((scheme) => value.startsWith(`${scheme}://`)) && URL.canParse(value), {
      error: `must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    })
    .optional();
export const key = text.regex(/^[A-Za-z0-9+/]{40,200}={0,2}$/, {
  error: 'must be an Ed25519 key in base64 of DER; make one with: countersign keys',
});
// The beginning of the DER of each half of a pair says of which kind it is.
export const sealingKey = (form: RegExp, half: string) =>
  text
    .regex(form, {
      error: `must be the ${half} key of an X25519 pair, in base64 of DER; sh deploy/make-secrets.sh makes one`,
    })
    .optional();
export const keyList = list.pipe(z.array(key));
