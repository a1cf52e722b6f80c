// The OpenAPI 3.1 document, made of the very routes and schemas that are served. May import zod-openapi.
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import { z } from 'zod';
import type { ResponseSpec, Route } from './route.ts';
import { ProblemBody } from './schemas.ts';

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const OpenApi = z.looseObject({ openapi: z.string() }).meta({ id: 'OpenApi' });

/** The route that serves the document of all routes, itself included. */
export function openApiRoute(routes: readonly Route[], version: string): Route {
  const own: Route = {
    method: 'get',
    path: '/openapi.json',
    id: 'openapi',
    summary: 'This document',
    scope: 'public',
    responses: { 200: OpenApi },
    handler: async () => ({ status: 200, body: document }),
  };
  const document = documentOf([...routes, own], version);
  return own;
}

export function documentOf(routes: readonly Route[], version: string): OpenApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  }
  const description =
    'Durable conversations with agents that only propose; people and rules decide. Errors are RFC 9457.';
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Countersign', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key: cs_<id>_<secret>' } },
    },
  }) as unknown as OpenApiDocument;
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const { id, summary, scope, params, query, headers, body, bodyAs } = route;
  const scopes = scope === 'public' ? '' : `Scope: ${scope.join(' or ')}.`;
  return {
    operationId: id,
    summary,
    ...(scopes === '' ? { security: [] } : { description: scopes, security: [{ key: [] }] }),
    requestParams: { ...(params && { path: params }), ...(query && { query }), ...(headers && { header: headers }) },
    ...(body && {
      requestBody: {
        required: true,
        content: { [bodyAs === 'form' ? 'application/x-www-form-urlencoded' : 'application/json']: { schema: body } },
      },
    }),
    responses: responsesOf(route),
  };
}

function responsesOf({ responses, scope, takesRaw }: Route): ZodOpenApiResponsesObject {
  const problem = { content: { 'application/problem+json': { schema: ProblemBody } } };
  const declared = Object.entries(responses).map(([status, spec]) => [
    status,
    { description: DESCRIBED[status] ?? 'Done', ...contentOf(spec) },
  ]);
  return {
    ...Object.fromEntries(declared),
    ...(scope === 'public' && takesRaw !== true
      ? {}
      : { '4XX': { description: 'The request is refused; detail says what to do', ...problem } }),
    '5XX': { description: 'Not done, or not surely; try again', ...problem },
  };
}

const DESCRIBED: Readonly<Record<string, string>> = {
  200: 'Done',
  201: 'Made',
  202: 'Taken; look at the URL later',
  204: 'Done; there is nothing to say',
  303: 'Done; look at the page again',
  503: 'Not available; what is missing is said',
};

function contentOf(spec: ResponseSpec): object {
  if (spec === null) return {};
  if (typeof spec === 'string') return { content: { [spec]: { schema: z.string() } } };
  return { content: { 'application/json': { schema: spec } } };
}
