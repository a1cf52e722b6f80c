// Answers as tests look at them: checked against the served OpenAPI document, so that the document cannot lie.
import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** What tests read out of bodies; the schema says what is really there. */
export interface Body {
  readonly [member: string]: unknown;
  readonly id: string;
  readonly url: string;
  readonly detail: string;
  readonly text: string;
  readonly next: string;
  readonly messageId: string;
  readonly idempotencyKey: string;
  readonly signed: string;
  readonly requestId: string;
  readonly nextAfter: number;
  readonly rows: readonly Body[];
  readonly items: readonly Body[];
  readonly waiting: readonly Body[];
  readonly actions: readonly Body[];
  readonly missing: readonly string[];
  readonly issues: readonly { readonly path: string; readonly message: string }[];
  readonly receipt: Body;
  readonly reply: Body;
}

/** What went wrong, in short: "409 conversation_stopped". Checks that it is a problem with a sentence. */
export function problem({ status, headers, body }: Answered): string {
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(body.status, status);
  assert.match(body.detail, /^[A-Z"`a-z].{15,}[.!?]$|: .+/, 'the detail is a sentence');
  assert.doesNotMatch(JSON.stringify(body), /node_modules|\.ts:\d|at async/, 'no stack leaks');
  return `${status} ${body.type}`;
}

interface OpenApi {
  readonly paths: Record<
    string,
    Record<string, { readonly responses: Record<string, { readonly content?: Record<string, object> }> }>
  >;
}

export type Check = (method: string, path: string, response: Response, body: unknown) => void;

/** A check of JSON answers against the document that the server itself serves. */
export async function checkerOf(url: string): Promise<Check> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, 'api');
  const compiled = new Map<string, ValidateFunction>();
  return (method, path, response, body) => {
    const [bare = ''] = path.split('?');
    const declared = Object.keys(document.paths).find((one) =>
      new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare),
    );
    const operation = declared === undefined ? undefined : document.paths[declared]?.[method.toLowerCase()];
    if (operation === undefined) return;
    const { status } = response;
    const code = [String(status), `${Math.floor(status / 100)}XX`].find(
      (one) => operation.responses[one] !== undefined,
    );
    assert.ok(code, `${method} ${declared} does not declare ${status}`);
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    assert.ok(operation.responses[code]?.content?.[type], `${method} ${declared} ${code} does not declare ${type}`);
    const at = ['paths', declared, method.toLowerCase(), 'responses', code, 'content', type, 'schema'];
    const pointer = `api#/${at.map((part) => encodeURIComponent(`${part}`.replaceAll('/', '~1'))).join('/')}`;
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: pointer });
    compiled.set(pointer, validate);
    assert.ok(validate(body), `${method} ${declared} ${code}: ${ajv.errorsText(validate.errors)}`);
  };
}
