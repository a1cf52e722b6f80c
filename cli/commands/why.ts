// Why an action happened, as a story: each line with how much it proves.
import { ApprovalLooked } from '../../api/approval-schemas.ts';
import { Why } from '../../api/why-schema.ts';
import { parseApprovalId } from '../../domain/ids.ts';
import { CommandFailed, EXIT } from '../failure.ts';
import { clockTime, labelled, plainLine } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

export interface WhyOptions extends AsOption {
  readonly json?: boolean;
}

const MARKS = { enforced: '✓', attributed: '·', unknown: '?' } as const;

/** Print why one action happened, or did not. */
export async function why(context: Context, id: string, options: WhyOptions): Promise<number> {
  const { terminal, nowMs } = context;
  const { print, colors } = terminal;
  const client = connect(context, 'operate', options);
  const actionId = await actionOf(context, id, options);
  const { action, lines, coverage, links } = await client.get(`/v1/actions/${encodeURIComponent(actionId)}/why`, Why);
  if (options.json === true) {
    print(JSON.stringify({ action, lines, coverage, links }, null, 2));
    return EXIT.done;
  }
  const outcome = action.outcome === null ? 'has not ended' : action.outcome.replaceAll('_', ' ');
  print(labelled(action.id, `${action.summary}: ${outcome}`, colors.bold));
  for (const { part, seq, atMs, text, coverage: how, because } of lines) {
    const where = [atMs === null ? '' : clockTime(atMs, nowMs()), seq === null ? 'no entry' : `entry ${seq}`];
    print(labelled(`${MARKS[how]} ${part}`, plainLine(text), colors.bold));
    print(labelled('', plainLine(`${where.filter(Boolean).join(', ')}; ${how}: ${because}`), colors.bold));
  }
  const { enforced, attributed, unknown } = coverage;
  print(`${enforced} lines enforced (✓), ${attributed} attributed (·), ${unknown} unknown (?)`);
  for (const { workflowId, url } of links) print(colors.dim(plainLine(url ?? workflowId)));
  return EXIT.done;
}

/** Whoever has the id of an approval at hand asks about its action. */
async function actionOf(context: Context, id: string, options: AsOption): Promise<string> {
  if (parseApprovalId(id) === undefined) return id;
  const client = connect(context, 'approvals:decide', options);
  const { actionId, question } = await client.get(`/v1/approvals/${encodeURIComponent(id)}`, ApprovalLooked);
  if (question !== 'budget') return actionId;
  const look = 'npx countersign budgets shows how full it is';
  throw new CommandFailed(
    `${id} asks for more of a budget, and is about no action: ${look}, approvals ID why it asks.`,
  );
}
