// What an owner's agents did in a period, for whoever answers for them.
import { Report } from '../../api/report-schema.ts';
import { EXIT } from '../failure.ts';
import { labelled, plainLine } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

export interface ReportOptions extends AsOption {
  readonly owner: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

export async function report(context: Context, options: ReportOptions): Promise<number> {
  const { print, colors } = context.terminal;
  const { owner, from, to } = options;
  const query = new URLSearchParams({ owner, ...(from && { from }), ...(to && { to }) });
  const found = await connect(context, 'operate', options).get(`/v1/report?${query}`, Report);
  if (options.json === true) {
    print(JSON.stringify(found, null, 2));
    return EXIT.done;
  }
  const show = (name: string, text: string): void => print(labelled(name, text, colors.bold));
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
  show('owner', plainLine(found.owner));
  show('period', `${day(found.fromMs)} to ${day(found.toMs)} UTC`);
  const outcomes = Object.entries(found.outcomes).toSorted(([one], [other]) => one.localeCompare(other));
  show('actions', outcomes.map(([kind, count]) => `${kind} ${count}`).join(', ') || 'none');
  show('people asked', `${found.asks} for leave, ${found.questions} whether it happened`);
  show('model calls', `${found.modelCalls}: ${found.promptTokens} + ${found.completionTokens} tokens`);
  const cost = found.cost.map(({ currency, micros }) => `${(micros / 1_000_000).toFixed(2)} ${currency}`);
  const unpriced = found.unpriced === 0 ? [] : [`${found.unpriced} calls without a declared price`];
  show('cost', [...cost, ...unpriced].join(', ') || 'none');
  return EXIT.done;
}
