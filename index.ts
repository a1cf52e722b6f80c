// What adopters import: the define functions and their types. An adopter never edits the package.
export { type Agent, type AgentDefinition, type DemoIntent, defineAgent } from './domain/agent.ts';
export type { DatabaseSystem, SecretSystem, System } from './domain/system.ts';
export type { Effect, Evidence, Outcome } from './domain/action.ts';
export { fact, type FactKind, type FactValue } from './domain/fact-kind.ts';
export { defineIntake, type Intake, type IntakeDefinition, type IntakeRoute } from './domain/intake.ts';
export type { ModelPrice } from './domain/model.ts';
export { defineDirectory, type Directory, type Person, type Principal } from './domain/principal.ts';
export { allow, type Answer, ask, deny, ownedBy, type Rule, type RuleCase, rule } from './domain/rule.ts';
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
