// The codec server of Temporal's UI and command line: whoever may read histories sees what Temporal keeps encrypted. Speaks
// their protocol. May import domain, store, express types. Guarantees: each read is on record before its answer leaves.
import type { RequestHandler } from 'express';
import type { ApiDeps } from './deps.ts';
import { assertOfHouse, readBy } from './ledger.ts';
import { Payloads } from './payloads-schema.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';

export const CODEC_PATH = '/v1/codec/decode';

type Deps = Pick<ApiDeps, 'store' | 'nowMs' | 'payloads'>;

export function payloadRoutes(deps: Deps): readonly Route[] {
  return [
    route({
      method: 'post',
      path: CODEC_PATH,
      id: 'decodePayloads',
      summary: 'For the Temporal UI and command line: payloads as they were before they were encrypted',
      scope: ['histories:read'],
      body: Payloads,
      responses: { 200: Payloads },
      handler: async ({ body, caller }) => {
        assertOfHouse(caller, 'histories are of all tenants');
        if (deps.payloads === undefined) {
          throw new Problem('not_found', 'Payloads are not encrypted here; read them in Temporal as they are.');
        }
        const { payloads, keyIds } = await deps.payloads.decode(body.payloads);
        if (keyIds.length > 0) {
          await deps.store.record([readBy(deps, caller, { how: 'payloads', keyIds: [...keyIds] })]);
        }
        return { status: 200, body: { payloads: [...payloads] } };
      },
    }),
  ];
}

/** A browser lets the pages of the Temporal UI, and no others, read the answers. */
export function allowTemporalUi(origin: string | undefined): RequestHandler {
  return (req, res, next) => {
    if (origin === undefined || req.get('origin') !== origin) return next();
    res.set({
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Methods': 'POST',
      'Access-Control-Allow-Headers': 'authorization, content-type, x-namespace',
      Vary: 'Origin',
    });
    if (req.method !== 'OPTIONS') return next();
    res.status(204).end();
  };
}
