// A call's arguments: parsed by the tool's schema and made canonical once. Card, digest and tool see that text and no
// other. May import domain and trust.
import type { Json, JsonObject } from '../../domain/json.ts';
import { type Callable, MAX_ARGUMENTS_BYTES } from '../../domain/tool.ts';
import { MAX_REASON_CHARS } from '../../domain/rule.ts';
import { cutText, utf8Bytes } from '../../domain/text.ts';
import { canonicalJson } from '../../trust/digest.ts';

// 5: the model mends a call from its first mistakes; a longer list drowns them.
const MAX_ISSUES = 5;

type Parsed =
  | { readonly kind: 'parsed'; readonly args: string; readonly input: unknown }
  | { readonly kind: 'invalid'; readonly reason: string };

/** One canonical text of the arguments, or why there is none. Card, digest and tool see this text and no other. */
export function parseArguments(tool: Callable, text: string): Parsed {
  if (utf8Bytes(text) > MAX_ARGUMENTS_BYTES)
    return { kind: 'invalid', reason: `the arguments exceed ${MAX_ARGUMENTS_BYTES} bytes` };
  let raw: unknown;
  try {
    raw = JSON.parse(text === '' ? '{}' : text);
  } catch {
    return { kind: 'invalid', reason: 'the arguments are no JSON object' };
  }
  let result: ReturnType<typeof tool.input.safeParse>;
  try {
    result = tool.input.safeParse(raw);
  } catch (error) {
    return { kind: 'invalid', reason: unreadBy(error) };
  }
  if (!result.success) {
    const issues = result.error.issues
      .slice(0, MAX_ISSUES)
      .map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`);
    return { kind: 'invalid', reason: issues.join('; ') };
  }
  try {
    const args = canonicalJson(result.data as Json);
    if (isStable(tool, args)) return { kind: 'parsed', args, input: result.data };
    return { kind: 'invalid', reason: 'the schema of this tool reads its own output differently; tell its owner' };
  } catch {
    return { kind: 'invalid', reason: 'the arguments hold text that is not well-formed Unicode' };
  }
}

/** A schema or a summary of a tool that throws must not hold up the conversation. */
export const unreadBy = (error: unknown): string =>
  cutText(
    `the tool could not read this call: ${error instanceof Error ? error.message : String(error)}`,
    MAX_REASON_CHARS,
  );

/** The actor parses the canonical text once more: a schema that transforms its input would fail there, after approval. */
function isStable(tool: Callable, args: string): boolean {
  const again = tool.input.safeParse(JSON.parse(args));
  return again.success && canonicalJson(again.data as Json) === args;
}

/** Only the values that decide who, where and how much. */
export function criticalOf(tool: Callable, args: string): string {
  const input = JSON.parse(args) as JsonObject;
  return canonicalJson(Object.fromEntries(tool.critical.map((name) => [name, input[name] ?? null])));
}
