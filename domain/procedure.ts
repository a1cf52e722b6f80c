// What an agent declares of a procedure: all that the model, the rules and people see of it. Its code is Workflow code, in a
// file of its own (see steps.ts), and shares the type of its input with this. zod is imported as a type only.
// May import domain only.
import type { ZodType } from 'zod';
import { OF_PROCEDURE } from './declared-agent.ts';
import { problemOfFields } from './declared.ts';
import { type Callable, DEFAULT_TOOL_TIMEOUT_MS, TOOL_NAME } from './tool.ts';
import type { Principal } from './principal.ts';

export interface ProcedureDefinition<Input> {
  /** As a tool's, and no tool of the agent has it. Its code is `procedures/<name, with hyphens>.ts` beside the agent. */
  readonly name: string;
  /** Of what is declared here: whatever waits for leave to start is proposed anew under another version. */
  readonly version: string;
  /** A person of the directory who answers for it; by default the agent's owner. */
  readonly owner?: string;
  /** For the model. */
  readonly description: string;
  /** Must read what it has read as the same again. No transforms. */
  readonly input: ZodType<Input>;
  /** The arguments that decide what it is about: while one runs, no other with the same is started. */
  readonly critical: readonly (keyof Input & string)[];
  /** One line for people about this very start. No markup; shown escaped. */
  readonly summarize?: (input: Input) => string;
  /** As a tool's. */
  readonly forWhom?: (input: Input, principal: Principal) => string;
  readonly howMuch?: (input: Input) => string;
}

/** A procedure as an agent lists it. Rules speak of it by it, as of a tool. */
export interface Procedure<Input = never>
  extends Omit<Callable, 'input' | 'critical' | 'summarize' | 'forWhom' | 'howMuch' | 'inspect'>,
    Required<Pick<ProcedureDefinition<Input>, 'input' | 'critical' | 'summarize'>>,
    Pick<ProcedureDefinition<Input>, 'forWhom' | 'howMuch'> {
  readonly effect: 'start';
  readonly inspect?: undefined;
}

/** Any procedure, for lists. */
export type AnyProcedure = Omit<Procedure, 'input'> & { readonly input: ZodType<unknown> };

/** Declare a procedure. Throws with a sentence where the declaration cannot be right. */
export function procedure<Input>(definition: ProcedureDefinition<Input>): Procedure<Input> {
  const { name } = definition;
  if (!TOOL_NAME.test(name)) throw new Error(`procedure "${name}": a name is lower_snake_case, at most 64 characters`);
  const problem = problemOfFields(OF_PROCEDURE, definition, ['name']);
  if (problem !== undefined) throw new Error(`procedure "${name}": ${problem}`);
  return Object.freeze({
    ...definition,
    ...({ effect: 'start', egress: false, then: 'nothing', preconditions: [], inspect: undefined } as const),
    timeoutMs: DEFAULT_TOOL_TIMEOUT_MS,
    summarize: definition.summarize ?? (() => name.replaceAll('_', ' ')),
  });
}

/** The name of the file that holds its code, without its ending. */
export const fileOfProcedure = (name: string): string => name.replaceAll('_', '-');
