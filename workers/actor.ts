// The actor role: verifies warrants and acts, and shows in channels what is on record. The only holder of business
// credentials and of the channels' tokens; it cannot talk to a model.
import { TASK_QUEUES } from '../domain/ids.ts';
import { type ActorDeps, createActorActivities } from '../activities/actor/act.ts';
import { atOnce } from '../activities/actor/at-once.ts';
import { patient } from '../activities/actor/patient.ts';
import { createDeliverActivities } from '../activities/actor/deliver.ts';
import type { DeliverDeps } from '../activities/actor/everywhere.ts';
import { type RoleConnection, type RunningRole, startRole } from './role.ts';

// 2 polls: each that is open when a process freezes swallows one attempt of a task, for 2 s and a pause, before another
// process gets it. One is enough for hundreds of tasks a second; the second hides its way there and back.
const POLLS = 2;

export function startActorRole(at: RoleConnection, deps: ActorDeps & DeliverDeps): Promise<RunningRole> {
  const senders = deps.senders.map((sender) => patient(atOnce(sender)));
  const activities = { ...createActorActivities(deps), ...createDeliverActivities({ ...deps, senders }) };
  return startRole('actor', at, TASK_QUEUES.actor, activities, {
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: POLLS },
  });
}
