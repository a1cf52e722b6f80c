// What a tool's credential may do on call: engineers of the roster read, and each change needs its own scope.
// May import nothing.

const TOOLS = 'countersign_tools';
const PRINCIPAL = '(select countersign_access.customer())';
const may = (scope: string) => `(select countersign_access.has_scope('on_call:${scope}'))`;
const ON_ROSTER = `exists (select 1 from on_call.roster where principal_id = ${PRINCIPAL})`;

function readable(table: string, rows: string): readonly string[] {
  return [
    `alter table on_call.${table} enable row level security`,
    `grant select on on_call.${table} to ${TOOLS}`,
    ...policy(table, 'select', `using (${rows} and ${may('read')})`),
  ];
}

function policy(table: string, kind: 'select' | 'insert' | 'update', rows: string): readonly string[] {
  return [
    `drop policy if exists ${TOOLS}_${kind} on on_call.${table}`,
    `create policy ${TOOLS}_${kind} on on_call.${table} for ${kind} to ${TOOLS} ${rows}`,
  ];
}

export const ON_CALL_PROTECTION: readonly string[] = [
  `grant usage on schema on_call to ${TOOLS}`,
  ...readable('roster', `principal_id = ${PRINCIPAL}`),
  ...readable('services', ON_ROSTER),
  ...readable('alerts', ON_ROSTER),
  ...readable('restarts', ON_ROSTER),
  `grant update (state, acknowledged_by, acknowledged_key) on on_call.alerts to ${TOOLS}`,
  ...policy(
    'alerts',
    'update',
    `using (${ON_ROSTER} and ${may('acknowledge')})
     with check (acknowledged_by = ${PRINCIPAL} and ${may('acknowledge')})`,
  ),
  `grant insert on on_call.restarts to ${TOOLS}`,
  ...policy('restarts', 'insert', `with check (requested_by = ${PRINCIPAL} and ${ON_ROSTER} and ${may('restart')})`),
];
