// What adopters import: the define functions and their types. An adopter never edits the package.
export { type Agent, type AgentDefinition, type DemoIntent, defineAgent } from './domain/agent.ts';
export type { DatabaseSystem, SecretSystem, System } from './domain/system.ts';
export type { Effect, Evidence, Outcome } from './domain/action.ts';
export type { ModelPrice } from './domain/model.ts';
export { type Procedure, procedure, type ProcedureDefinition } from './domain/procedure.ts';
export { defineDirectory, type Directory, type Person, type Principal } from './domain/principal.ts';
export { byOrigin } from './domain/by-origin.ts';
export type { Provenance, TracedValue } from './domain/provenance.ts';
export type { Origin } from './domain/sources.ts';
export {
  allow,
  type Answer,
  ask,
  deny,
  ownedBy,
  type Rule,
  type RuleCase,
  type RuleFacts,
  rule,
} from './domain/rule.ts';
export {
  type Access,
  type Authorized,
  type Call,
  defineTool,
  DidNotHappen,
  type Reconciled,
  type Sql,
  type Tool,
  type ToolContext,
  type ToolDefinition,
} from './domain/tool.ts';
export type { Verdict } from './domain/verdict.ts';
