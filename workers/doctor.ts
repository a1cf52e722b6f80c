// What `countersign doctor` is told of the parts that only the composition sees: this process's Node, Temporal's
// namespace, the model's configuration, the kind of keys. Guarantees: every look is bounded and changes nothing; a part
// that cannot be looked at is a problem, never a failure of the whole; no secret is in a text.
import { type Check, checkOf, type Inspect } from '../api/doctor.ts';
import { SEARCH_ATTRIBUTES } from '../domain/protocol.ts';
import { type Config, modelProtocolOf } from './config.ts';
import { developmentKeyProblems } from './dev-keys.ts';
import type { RoleParts } from './parts.ts';
import { missingAttributes, RETENTION_DAYS, retentionDays, type TemporalConnections } from './temporal.ts';

/** `ledger`: what the duty of checkpoints says of itself. */
export function createInspect(
  { config, temporal }: Pick<RoleParts, 'config' | 'temporal'>,
  ledger?: () => Promise<Check>,
): Inspect {
  return async () => {
    const looks = [
      checked('Temporal', () => lookAtRetention(temporal)),
      checked('search attributes', () => lookAtAttributes(temporal)),
      checked('model', async () => modelCheck(config)),
      checked('keys', async () => keysCheck(config)),
      ...(ledger === undefined ? [] : [checked('ledger', ledger)]),
    ];
    return [{ name: 'Node of the API', kind: 'ok', text: process.versions.node }, ...(await Promise.all(looks))];
  };
}

async function checked(name: string, look: () => Promise<Omit<Check, 'name'>>): Promise<Check> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    return checkOf(name, [error instanceof Error ? error.message : String(error)], '');
  }
}

async function lookAtRetention({ connection, namespace, address }: TemporalConnections): Promise<Omit<Check, 'name'>> {
  const days = await retentionDays(connection, namespace);
  const text = `${address}, namespace "${namespace}", which keeps closed Workflows for ${days} ${days === 1 ? 'day' : 'days'}`;
  if (days >= RETENTION_DAYS) return { kind: 'ok', text };
  const command = `temporal operator namespace update --retention ${RETENTION_DAYS * 24}h --namespace ${namespace}`;
  return { kind: 'problem', text: `${text}, and ${RETENTION_DAYS} are needed as evidence; change it with: ${command}` };
}

async function lookAtAttributes({ connection, namespace }: TemporalConnections): Promise<Omit<Check, 'name'>> {
  const missing = await missingAttributes(connection, namespace);
  if (missing.length === 0) return { kind: 'ok', text: `all ${Object.keys(SEARCH_ATTRIBUTES).length} are registered` };
  return { kind: 'problem', text: `${missing.join(', ')} are not registered; a restart of a role registers them` };
}

/** In production only the assistant role holds the model's key, so nobody else can tell. */
function modelCheck(config: Config): Omit<Check, 'name'> {
  if (config.mode === 'production')
    return { kind: 'ok', text: 'configured with the assistant role only; its start checks it' };
  const protocol = modelProtocolOf(config);
  if (protocol === 'scripted') {
    return { kind: 'warning', text: 'the scripted demo model, no real one; set OPENAI_API_KEY, or OPENAI_BASE_URL' };
  }
  const { openaiBaseUrl = 'OpenAI', models } = config;
  return { kind: 'ok', text: `${openaiBaseUrl} (${protocol})${models.length === 0 ? '' : `: ${models.join(', ')}`}` };
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

function keysCheck(config: Config): Omit<Check, 'name'> {
  if (config.mode === 'production') {
    const { name: _, ...check } = checkOf('keys', developmentKeyProblems(config), 'none of them is a development key');
    return check;
  }
  if (LOOPBACK.includes(config.host)) return { kind: 'ok', text: 'development keys, for this machine only' };
  const text = `development keys, and the API listens on ${config.host} for others too; take HOST away, or run the roles in production mode`;
  return { kind: 'warning', text };
}
