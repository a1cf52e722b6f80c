import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import { DidNotHappen } from 'countersign';
import { onCall } from '../../agents/on-call/on-call.ts';
import { acknowledgeAlert } from '../../agents/on-call/tools/acknowledge-alert.ts';
import { listAlerts } from '../../agents/on-call/tools/list-alerts.ts';
import { restartService } from '../../agents/on-call/tools/restart-service.ts';
import { aCall, ADA, aWorld, FINN, NOW_MS, sqlOver, type World } from './support.ts';

let db: PGlite;
let world: World;

before(async () => {
  db = await PGlite.create();
});
after(() => db.close());
beforeEach(async () => {
  await db.exec('drop schema if exists on_call cascade');
  world = aWorld(sqlOver(db));
  await onCall.prepare(world.sql, NOW_MS);
});

const restart = { service: 'checkout', reason: 'memory grows without end' };
test('alerts are listed newest first, to people on the roster only', async () => {
  const { alerts } = await listAlerts.execute(aCall({}, FINN), world.context());
  assert.deepEqual(
    alerts.map((alert) => alert.alertId),
    ['8', '7', '9'],
  );
  assert.deepEqual(await listAlerts.execute(aCall({}, ADA), world.context()), { alerts: [] });
  assert.equal((await listAlerts.inspect?.(aCall({}, FINN), world.context()))?.subject, FINN.id);
  assert.equal((await listAlerts.inspect?.(aCall({}, ADA), world.context()))?.subject, '');
});

test('an alert is taken once; a repeat under the same key is the same taking', async () => {
  const call = aCall({ alertId: '7' }, FINN);
  assert.deepEqual((await acknowledgeAlert.inspect?.(call, world.context()))?.record, {
    state: 'firing',
    service: 'checkout',
  });
  assert.deepEqual(await acknowledgeAlert.reconcile?.(call, world.context('k-1')), { kind: 'did_not_happen' });
  assert.deepEqual(await acknowledgeAlert.execute(call, world.context('k-1')), { alertId: '7' });
  assert.deepEqual(await acknowledgeAlert.execute(call, world.context('k-1')), { alertId: '7' });
  await assert.rejects(acknowledgeAlert.execute(call, world.context('k-2')), DidNotHappen);
  await assert.rejects(acknowledgeAlert.execute(aCall({ alertId: '8' }, ADA), world.context('k-3')), DidNotHappen);
  assert.equal((await acknowledgeAlert.reconcile?.(call, world.context('k-1')))?.kind, 'happened');
  const taken = await world.sql.query(
    'select id, acknowledged_by from on_call.alerts where acknowledged_key is not null',
  );
  assert.deepEqual(taken, [{ id: '7', acknowledged_by: 'finn' }]);
  const gone = await acknowledgeAlert.inspect?.(aCall({ alertId: '999' }, FINN), world.context());
  assert.deepEqual(gone?.record, { state: 'none' });
});

test('a service is restarted once per key, by people on the roster, and the hour counts', async () => {
  const call = aCall(restart, FINN);
  assert.deepEqual(await restartService.reconcile?.(call, world.context('k-1')), { kind: 'did_not_happen' });
  await restartService.execute(call, world.context('k-1'));
  await restartService.execute(call, world.context('k-1'));
  assert.equal((await restartService.reconcile?.(call, world.context('k-1')))?.kind, 'happened');
  const seen = await restartService.inspect?.(call, world.context());
  assert.deepEqual([seen?.subject, seen?.record], [FINN.id, { state: 'degraded', restartsInLastHour: 1 }]);
  const later = await restartService.inspect?.(call, world.context('k', NOW_MS + 3_600_001));
  assert.equal(later?.record.restartsInLastHour, 0);
  await assert.rejects(restartService.execute(aCall(restart, ADA), world.context('k-2')), DidNotHappen);
  const unknown = { ...restart, service: 'payroll' };
  await assert.rejects(restartService.execute(aCall(unknown, FINN), world.context('k-3')), DidNotHappen);
  assert.equal((await world.sql.query('select 1 from on_call.restarts')).length, 1);
});

test('a service name or reason that could be anything else is no proposal', () => {
  for (const input of [
    { ...restart, service: 'checkout; rm -rf /' },
    { ...restart, reason: 'because\nnow' },
  ]) {
    assert.equal(restartService.input.safeParse(input).success, false);
  }
});
