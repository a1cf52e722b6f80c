// The actor role: verifies warrants and acts. The only holder of business credentials; it cannot talk to a model.
import { TASK_QUEUES } from '../domain/ids.ts';
import { type ActorDeps, createActorActivities } from '../activities/actor/act.ts';
import { type RoleConnection, type RunningRole, startRole } from './role.ts';

export function startActorRole(at: RoleConnection, deps: ActorDeps): Promise<RunningRole> {
  return startRole('actor', at, TASK_QUEUES.actor, createActorActivities(deps));
}
