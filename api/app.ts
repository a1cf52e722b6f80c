// The HTTP side, composed: routes, keys, limits, log lines, errors. It holds no state that matters, so as many
// processes as one likes may serve the same store and the same Temporal. May import express and the API's own files.
import { randomUUID } from 'node:crypto';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { createAdmission } from './admission.ts';
import { createAccess } from './access.ts';
import { problemPage } from './approval-page.ts';
import { approvalPageRoutes } from './approval-pages.ts';
import { approvalRoutes } from './approvals.ts';
import { budgetRoutes } from './budgets.ts';
import { burdenRoutes } from './burden.ts';
import { channelRoutes } from './channels.ts';
import { commandRoutes } from './commands.ts';
import { conversationRoutes } from './conversations.ts';
import type { ApiDeps } from './deps.ts';
import { doctorRoutes } from './doctor.ts';
import { createEnding } from './ending.ts';
import { erasureRoutes } from './erasures.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { ledgerRoutes } from './ledger.ts';
import { DEFAULT_API_LIMITS } from './limits.ts';
import { maintenanceRoutes } from './maintenance.ts';
import { messageRoutes } from './messages.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { localsOf, mount } from './mount.ts';
import { openApiRoute } from './openapi.ts';
import { PAGE_HEADERS } from './page.ts';
import { allowTemporalUi, CODEC_PATH, payloadRoutes } from './payloads.ts';
import { Problem, problemOf } from './problem.ts';
import { factRoutes } from './facts.ts';
import { reportRoutes } from './report.ts';
import type { Route } from './route.ts';
import { rulingRoutes } from './rulings.ts';
import { switchRoutes } from './switches.ts';
import { whyRoutes } from './why.ts';

export interface Api {
  readonly app: Express;
  /** End streams and waits, so that the server can close; readiness says so from now on. */
  end(): void;
  /** Answer what is still open, though nothing is sure: 503. */
  giveUp(): void;
}

// The contract's own version: the path's, and a date of its last change would only be guessed at.
const API_VERSION = '1';

export function createApi(deps: ApiDeps): Api {
  const closing = new AbortController();
  const limits = { ...DEFAULT_API_LIMITS, ...deps.limits };
  const access = createAccess(deps);
  const ending = createEnding(deps.store, deps.nowMs);
  const admission = createAdmission(deps.store.items, limits);
  const metrics = createMetrics(deps, admission);
  const routes: readonly Route[] = [
    ...conversationRoutes({ ...deps, admission }, access, ending),
    ...messageRoutes({ ...deps, limits, admission }, access, ending),
    ...eventRoutes(deps.store, access, limits),
    ...commandRoutes(deps, access, ending),
    // Before the approvals, whose ids have dots: none is called "burden".
    ...burdenRoutes(deps),
    ...budgetRoutes(deps),
    ...factRoutes(deps),
    ...approvalRoutes(deps, access),
    ...channelRoutes({ ...deps, admission }, access, ending),
    ...approvalPageRoutes(deps, access),
    ...whyRoutes(deps, access),
    ...reportRoutes(deps),
    ...maintenanceRoutes(deps),
    ...switchRoutes(deps),
    ...erasureRoutes(deps, ending),
    ...payloadRoutes(deps),
    ...ledgerRoutes(deps),
    ...rulingRoutes(deps),
    ...healthRoutes(deps, closing.signal),
    ...doctorRoutes(deps),
    ...metrics.routes,
  ];

  const app = express();
  app
    .disable('x-powered-by')
    .disable('etag')
    .set('trust proxy', deps.trustedProxies ?? 0);
  app.use(nameRequest, writeLog(deps, metrics), helmet(), neverKeep);
  app.use(CODEC_PATH, allowTemporalUi(deps.payloads?.uiOrigin));
  mount(app, [...routes, openApiRoute(routes, API_VERSION)], {
    store: deps.store,
    closing: closing.signal,
    limitByAddress: limitRate('address', limits.requestsPerAddressPerMinute),
    limitByKey: limitRate('key', limits.requestsPerKeyPerMinute, (_req, res) => localsOf(res).caller?.keyId ?? ''),
  });
  app.use((req) => {
    throw new Problem('not_found', `There is no ${req.method} ${req.path}; /openapi.json lists what there is.`);
  });
  app.use(answerProblem(deps));
  return { app, end: () => closing.abort(), giveUp: () => deps.gateway.giveUp() };
}

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

/** A request keeps the id that its sender gave it, so that both sides find it in their logs. */
const nameRequest: RequestHandler = (req, res, next) => {
  const given = req.get('x-request-id') ?? '';
  const requestId = REQUEST_ID.test(given) ? given : randomUUID();
  localsOf(res).requestId = requestId;
  res.set('X-Request-Id', requestId);
  next();
};

/** Answers are about now and about people: no cache keeps them. */
const neverKeep: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store');
  next();
};

/** One line per request, without bodies, queries and keys. */
function writeLog({ log }: ApiDeps, metrics: Metrics): RequestHandler {
  return (req, res, next) => {
    const begunMs = performance.now();
    res.once('close', () => {
      const { requestId, caller, route = 'none' } = localsOf(res);
      const { method, path } = req;
      // 499, as nginx has it: the client left before it was answered.
      const status = res.headersSent ? res.statusCode : 499;
      const ms = Math.round(performance.now() - begunMs);
      metrics.observe({ method, route, status, ms });
      log.info({ requestId, method, path, status, ms, keyId: caller?.keyId ?? '' }, 'request');
    });
    next();
  };
}

// One minute: long enough to even out bursts, short enough that nobody waits long.
const RATE_WINDOW_MS = 60_000;

function limitRate(
  identifier: string,
  perMinute: number,
  keyOf?: (req: Request, res: Response) => string,
): RequestHandler {
  return rateLimit({
    windowMs: RATE_WINDOW_MS,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier,
    ...(keyOf === undefined ? {} : { keyGenerator: keyOf }),
    // Without a trusted proxy the header is anybody's word, and is not read; that is no misconfiguration.
    validate: { xForwardedForHeader: false },
    handler: () => {
      const detail = `More than ${perMinute} requests a minute by one ${identifier}; wait as Retry-After says.`;
      throw new Problem('too_many_requests', detail);
    },
  });
}

/** The one place that answers an error. What we did not foresee goes to the log with its stack, never to the caller. */
function answerProblem({ log }: ApiDeps): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const problem = problemOf(error);
    const { requestId } = localsOf(res);
    if (problem.status >= 500) {
      log[problem.type === 'internal' ? 'error' : 'warn'](
        { requestId, err: problem.cause ?? problem, path: req.path },
        problem.type,
      );
    }
    if (res.headersSent) return void res.destroy();
    res.set(problem.headers).status(problem.status);
    // Whoever follows a link that leads nowhere has a browser; all other problems of the API are for programs.
    const isForPeople = localsOf(res).isPage || (req.method === 'GET' && problem.type === 'not_found');
    if (isForPeople && req.accepts(['application/problem+json', 'text/html']) === 'text/html') {
      return void res.set(PAGE_HEADERS).type('text/html').send(problemPage(problem, requestId));
    }
    res.type('application/problem+json').send(JSON.stringify(problem.body(requestId)));
  };
}
