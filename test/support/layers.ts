// Who may import whom: the rule table of the architecture, and the walk over the imports of a file. This is its only
// place; `npm run check` runs it by test/unit/layers.test.ts. Node built-ins only.
import { posix } from 'node:path';

/**
 * Whom the files of one place may import. A place begins with a slash: `/x` is the folder or file and all in it, `/x/*`
 * are the files directly in it, `/x/<name>` is each entry of it by itself, `/x/<name>/y` what is so called in each.
 * Anything else is a package; `node:*` is any module of Node, `*` is everything.
 */
export interface Layer {
  readonly of: string;
  readonly may: readonly string[];
  /** These too, but by `import type` only. */
  readonly types?: readonly string[];
}

/** An import whose path is computed at run time: nobody can tell what it is. */
const COMPUTED = 'a computed path';

const ACTIVITIES = ['/domain', '/trust', '/store', '/channels', '/activities/*'];
const ACTIVITY_PACKAGES = ['@temporalio/activity', '@temporalio/common', 'pino', 'zod', 'node:*'];
const TERMINAL = ['commander', 'cli-table3', 'picocolors', 'zod', 'node:*'];

/** The first layer that names a file rules it. */
export const LAYERS: readonly Layer[] = [
  { of: '/index.ts', may: ['/domain', '/workers'] },
  // The three places where a schema's type is part of a contract; at run time domain knows no library.
  { of: '/domain/tool.ts', may: ['/domain'], types: ['zod'] },
  { of: '/domain/procedure.ts', may: ['/domain'], types: ['zod'] },
  { of: '/domain/memory.ts', may: ['/domain'], types: ['zod'] },
  { of: '/domain', may: ['/domain'] },
  { of: '/trust', may: ['/trust', '/domain', 'node:crypto', 'jose', 'canonicalize'] },
  {
    of: '/store/ports.ts',
    may: [],
    types: [
      ...['/domain', '/store/budget-port.ts', '/store/claim-port.ts', '/store/ledger-rows.ts'],
      ...['/store/erasure-port.ts', '/store/bytes-port.ts', '/store/fact-port.ts'],
    ],
  },
  { of: '/store/claim-port.ts', may: [], types: ['/domain'] },
  { of: '/store/budget-port.ts', may: [], types: ['/domain'] },
  { of: '/store/fact-port.ts', may: [], types: ['/domain', '/store/ports.ts'] },
  { of: '/store/erasure-port.ts', may: [] },
  { of: '/store/bytes-port.ts', may: [] },
  // The API takes it, which knows of the store no more than its types.
  { of: '/store/about-card.ts', may: ['/domain', '/trust'], types: ['/store/ports.ts'] },
  {
    of: '/store',
    may: [
      ...['/store', '/domain', '/trust', 'node:*'],
      ...['pg', 'kysely', '@electric-sql/pglite', '@electric-sql/pglite-socket', 'jose'],
    ],
  },
  // The redactor: what a platform says again of the token it was shown is taken out where the fault is made.
  {
    of: '/channels',
    may: [
      ...['/channels', '/domain', '/activities/redaction.ts'],
      ...['@chat-adapter/slack', 'node:buffer', 'node:crypto', 'zod'],
    ],
  },
  {
    of: '/workflows',
    may: ['/workflows', '/domain', '@temporalio/workflow', '@temporalio/common'],
    types: ['/activities'],
  },
  // The three roles have different secrets, so their code never meets: only the assistant can talk to a model.
  {
    of: '/activities/assistant',
    may: ['/activities/assistant', ...ACTIVITIES, ...ACTIVITY_PACKAGES, 'openai', 'gpt-tokenizer'],
  },
  { of: '/activities/actor', may: ['/activities/actor', ...ACTIVITIES, ...ACTIVITY_PACKAGES] },
  {
    of: '/activities/workflows',
    may: ['/activities/workflows', ...ACTIVITIES, ...ACTIVITY_PACKAGES, '@temporalio/client', 'tsx'],
  },
  { of: '/activities/*', may: [...ACTIVITIES, ...ACTIVITY_PACKAGES] },
  {
    of: '/api',
    may: [
      // What a card shows is read in one way, for channels and for the page.
      ...[
        '/api',
        '/domain',
        '/trust',
        '/channels',
        '/store/about-card.ts',
        '@temporalio/client',
        '@temporalio/common',
        'node:*',
      ],
      ...['express', 'express-rate-limit', 'helmet', 'pino', 'prom-client', 'zod', 'zod-openapi'],
    ],
    types: ['/store'],
  },
  // Code of procedures runs in Workflows: what it imports of its own agent is held to the same by the loader.
  { of: '/agents/<name>/procedures', may: ['/agents/<name>', 'countersign/workflows'] },
  // Agents come through the door that adopters use, and no agent imports another.
  {
    of: '/agents/<name>',
    may: ['/agents/<name>', 'countersign', 'zod', 'nodemailer', 'node:crypto', 'node:fs/promises', 'node:path'],
  },
  { of: '/workers', may: ['*'] },
  // It runs the built program, where there is one, which is not there when the types are checked.
  { of: '/cli/countersign.mjs', may: ['/cli', COMPUTED, 'node:*'] },
  // What starts processes here. Every other command is a client of the HTTP API.
  { of: '/cli/main.ts', may: ['/cli', '/domain', '/trust', '/workers', ...TERMINAL] },
  { of: '/cli/keys.ts', may: ['/trust', '/workers', ...TERMINAL] },
  { of: '/cli/start/compose.ts', may: ['/cli/start', '/domain', '/store', '/workers', ...TERMINAL] },
  {
    of: '/cli/start',
    may: ['/cli/start', '/cli/default-agent.ts', '/domain', '/workers', ...TERMINAL],
    types: ['/store', 'pg'],
  },
  // A client knows the API by its schemas, and the environment and development keys by the tables of workers/.
  {
    of: '/cli',
    may: [
      ...['/cli/*', '/cli/commands', '/cli/start/api-file.ts', '/domain', ...TERMINAL],
      ...[
        '/api/schemas.ts',
        '/api/approval-schemas.ts',
        '/api/why-schema.ts',
        '/api/report-schema.ts',
        '/api/erasures-schema.ts',
        '/api/budgets-schema.ts',
        '/api/maintenance-schema.ts',
        '/api/burden-schema.ts',
        '/api/facts-schema.ts',
        '/api/rulings-schema.ts',
        '/workers/config.ts',
        '/workers/dev-identities.ts',
      ],
      // An export is verified offline, by whoever does not trust the API.
      ...['/trust/ledger-file.ts', '/trust/verify-ledger.ts'],
    ],
    types: ['/api/keys.ts'],
  },
  { of: '/test', may: ['*'] },
  { of: '/bench', may: ['*'] },
];

export interface Import {
  /** As written, or COMPUTED. */
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

// The formatter writes imports in one way, so this needs no parser. `import { type A }` is no type import: at run time
// an import of the file remains.
const STATIC = /^(?:import|export)(\s+type)?\b(?:[\s\w$*,]|\{[^}]*\})*?\bfrom\s+['"]([^'"]+)['"]/gm;
const BARE = /^import\s+['"]([^'"]+)['"]/gm;
const DYNAMIC = /(?<![\w$.])import\(\s*(?:['"]([^'"]+)['"])?/g;

/** Every import and re-export of a source text, in the order of its lines. */
export function importsOf(text: string): readonly Import[] {
  const found = (match: RegExpMatchArray, specifier: string | undefined, typeOnly: boolean): Import => ({
    specifier: specifier ?? COMPUTED,
    line: text.slice(0, match.index).split('\n').length,
    typeOnly,
  });
  return [
    ...Array.from(text.matchAll(STATIC), (match) => found(match, match[2], match[1] !== undefined)),
    ...Array.from(text.matchAll(BARE), (match) => found(match, match[1], false)),
    ...Array.from(text.matchAll(DYNAMIC), (match) => found(match, match[1], false)),
  ].toSorted((one, other) => one.line - other.line);
}

/** The imports that a file may not have, each as one line: "file:line: what is wrong". */
export function offences(file: string, text: string): readonly string[] {
  const layer = LAYERS.find(({ of }) => placeOf(of, `/${file}`) !== undefined);
  if (layer === undefined) return [`${file}:1: belongs to no layer; test/support/layers.ts says who may import whom`];
  return importsOf(text)
    .filter((one) => !isAllowed(layer, file, one))
    .map(({ specifier, line, typeOnly }) => {
      const how =
        !typeOnly && isAllowed(layer, file, { specifier, line, typeOnly: true }) ? ', but by `import type`' : '';
      return `${file}:${line}: ${layer.of} may not import ${specifier}${how}`;
    });
}

function isAllowed(layer: Layer, file: string, { specifier, typeOnly }: Import): boolean {
  const allowed = typeOnly ? [...layer.may, ...(layer.types ?? [])] : layer.may;
  if (allowed.includes('*')) return true;
  if (!specifier.startsWith('.')) return allowed.some((entry) => namesPackage(entry, specifier));
  const target = posix.join('/', posix.dirname(file), specifier);
  return allowed.some((entry) => {
    const place = placeOf(entry, target);
    return place !== undefined && (!entry.endsWith('<name>') || place === placeOf(entry, `/${file}`));
  });
}

/** The part of the path that an entry names; undefined when the path is not in it. */
function placeOf(entry: string, path: string): string | undefined {
  if (entry.endsWith('/*')) return posix.dirname(path) === entry.slice(0, -2) ? entry : undefined;
  if (entry.includes('/<name>')) {
    const named = new RegExp(`^${entry.replace('<name>', '[^/]+')}(?=/|$)`).exec(path);
    return named?.[0];
  }
  return path === entry || path.startsWith(`${entry}/`) ? entry : undefined;
}

function namesPackage(entry: string, specifier: string): boolean {
  if (entry === 'node:*') return specifier.startsWith('node:');
  return specifier === entry || specifier.startsWith(`${entry}/`);
}
