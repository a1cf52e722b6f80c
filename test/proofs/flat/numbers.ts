// Text by a number, the same each time: other numbers, of which a tokenizer makes a token of two or three characters. Pure.

// 7,919 and 104,729: primes, so that neighbours have little in common.
const STEP = 7_919;
const START = 104_729;
const BELOW = 9_000;
const LEAST = 1_000;

export function numbersFor(nth: number, chars: number): string {
  let text = '';
  for (let at = 0; text.length < chars; at++) text += `${LEAST + ((nth * START + at * STEP) % BELOW)} `;
  return text.slice(0, chars);
}
