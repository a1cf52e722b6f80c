// The actor role: verifies warrants and acts. The only holder of business credentials; it cannot talk to a model.
import { TASK_QUEUES } from '../domain/ids.ts';
import { type ActorDeps, createActorActivities } from '../activities/actor/act.ts';
import { type RoleConnection, type RunningRole, startRole } from './role.ts';

// 2 polls: each that is open when a process freezes swallows one attempt of a task, for 2 s and a pause, before another
// process gets it. One is enough for hundreds of tasks a second; the second hides its way there and back.
const POLLS = 2;

export function startActorRole(at: RoleConnection, deps: ActorDeps): Promise<RunningRole> {
  return startRole('actor', at, TASK_QUEUES.actor, createActorActivities(deps), {
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: POLLS },
  });
}
