// The page docs/configuration.md, made of the table of variables. May import that table.
import { CONFIG_TABLE } from './config-table.ts';

/** The page docs/configuration.md. */
export function configurationPage(): string {
  const rows = CONFIG_TABLE.map(({ name, secret, fallback, meaning, roles }) => {
    const names = secret === true ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``;
    const without = fallback === undefined || fallback === '' ? '' : `\`${fallback}\``;
    return `| ${names} | ${without} | ${meaning} | ${roles.join(', ')} | ${secret === true ? 'yes' : ''} |`;
  });
  return [
    '# Configuration',
    '',
    'Made from `workers/config-table.ts`. All of it is read once, at the start; a wrong value stops the start with a',
    'sentence that says what to do. An empty variable counts as not set. A secret may stand in a file that `NAME_FILE` names.',
    'In production a role refuses to start with the secret of another role.',
    '',
    '| variable | default | meaning | read by | secret |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'The `TEMPORAL_*` variables (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS_*`, `TEMPORAL_PROFILE`,',
    '`TEMPORAL_CONFIG_FILE`) mean what they mean to every Temporal SDK. With `TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE` or',
    '`TEMPORAL_CONFIG_FILE` set, a development start uses that server and starts none of its own.',
    '',
    'A channel is opened by all of its variables: those of the `api` to hear, those of the `actor` to answer (docs/channels.md).',
    '',
    'The variables of a system are named by the agent that uses it: of a database where tools are let in and where their tokens are',
    'made (`SHOP_DATABASE_URL` and `SHOP_MINT_DATABASE_URL`, say; `countersign systems sql shop` prints what its owner installs), of',
    'others their secrets and settings (`SMTP_URL` and `MAIL_FROM`, say), which are read anew for each action. All may stand in files and',
    'belong to the actor only.',
    '',
  ].join('\n');
}
