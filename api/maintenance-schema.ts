// What maintenance has to do and did, as the API answers it. May import zod.
import { z } from 'zod';

const due = {
  task: z.string(),
  what: z.string().meta({ description: 'What the task does, in a sentence' }),
  count: z.number().int().meta({ description: 'How much is due; at the bound of what is counted, isCut is true' }),
  isCut: z.boolean().meta({ description: 'More is due than is counted' }),
  oldestDueMs: z.number().nullable().meta({ description: 'Since when the longest due is due; null where nothing is' }),
  ids: z.array(z.string()).meta({ description: 'Of what is due, the longest first: 5, or in a dry run the first 200' }),
};

const Standing = z
  .object({
    ...due,
    isBehind: z.boolean().meta({ description: 'Something has been due for more than a day' }),
    lastMs: z
      .number()
      .nullable()
      .meta({ description: 'When the task last came to its end without a failure; null: never yet' }),
    done: z.number().int().meta({ description: 'How much it has done in all' }),
  })
  .meta({ id: 'MaintenanceStanding' });

export const Maintenance = z.object({ nowMs: z.number(), tasks: z.array(Standing) }).meta({ id: 'Maintenance' });

export const NewMaintenance = z
  .strictObject({ dryRun: z.boolean().meta({ description: 'Only say what would be done now' }) })
  .meta({ id: 'NewMaintenance' });

const Done = z
  .object({
    task: z.string(),
    done: z.number().int(),
    ids: z.array(z.string()).meta({ description: 'Of what was done, where it has ids that people look for' }),
    asked: z
      .array(z.string())
      .meta({ description: 'Conversations that were asked whether they are idle; those that are end by themselves' }),
    failed: z.string().optional().meta({ description: 'Why the task could not be done, or not all of it' }),
  })
  .meta({ id: 'MaintenanceDone' });

const DryRun = z
  .object({ nowMs: z.number(), dryRun: z.literal(true), tasks: z.array(z.object(due).meta({ id: 'MaintenanceDue' })) })
  .meta({ id: 'MaintenanceDryRun' });
const Run = z
  .object({ nowMs: z.number(), dryRun: z.literal(false), tasks: z.array(Done) })
  .meta({ id: 'MaintenanceRun' });

export const MaintenanceAnswer = z.discriminatedUnion('dryRun', [DryRun, Run]);
export const MaintenanceUnderWay = z
  .object({ nowMs: z.number(), workflowId: z.string().meta({ description: 'Of the run, in Temporal' }) })
  .meta({ id: 'MaintenanceUnderWay' });
