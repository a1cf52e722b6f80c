// What adopters import: the define functions and their types. An adopter never edits the package.
export { type Agent, type AgentDefinition, type DemoIntent, defineAgent } from './domain/agent.ts';
export type { DatabaseSystem, SecretSystem, System } from './domain/system.ts';
export { addAmounts, amountOf, compareAmounts, formatAmount, isMoreThan, parseAmount } from './domain/amount.ts';
export {
  type Destinations,
  destinations,
  hostOf,
  isMailTo,
  leadsTo,
  mailDomainOf,
} from './domain/destination.ts';
export type { Amount } from './domain/entitlement.ts';
export type { Effect, Evidence, Outcome } from './domain/action.ts';
export { fact, type FactKind, type FactValue } from './domain/fact-kind.ts';
export { defineIntake, type Intake, type IntakeDefinition, type IntakeRoute } from './domain/intake.ts';
export { defineLimit, type LimitDefinition, type PeriodLimit, type Quantity } from './domain/limit.ts';
export { type Period, periodAt } from './domain/period.ts';
export type { MemoryKind, MemoryKinds, OwnMemory, RestedOn } from './domain/memory.ts';
export type { ModelPrice } from './domain/model.ts';
export { type Procedure, procedure, type ProcedureDefinition } from './domain/procedure.ts';
export type { Retention } from './domain/retention.ts';
export { defineDirectory, type Directory, type Person, type Principal } from './domain/principal.ts';
export { byOrigin } from './domain/by-origin.ts';
export type { Provenance, TracedValue } from './domain/provenance.ts';
export type { Origin } from './domain/sources.ts';
export {
  allow,
  type Answer,
  ask,
  deny,
  inGroup,
  ownedBy,
  type Rule,
  type RuleCase,
  type RuleFacts,
  rule,
} from './domain/rule.ts';
export { allows, asks, denies, type Expected, row, type RowCase, type RuleRow } from './domain/rule-table.ts';
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
