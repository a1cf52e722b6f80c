// Names of members that whoever wrote the arguments was free to choose, as in a record or a loose object: each says as much
// as a value does, so it is traced as one. May import domain and zod.
import { z } from 'zod';
import type { Json, JsonObject } from '../domain/json.ts';
import { type FreeName, pathTo } from '../domain/leaves.ts';
import type { Callable } from '../domain/tool.ts';

/** Those in parsed arguments, in canonical order. Below what a schema lets in unread every name is free. */
export function freeNamesIn(tool: Callable, args: JsonObject): readonly FreeName[] {
  const root = schemaOf(tool);
  const found: FreeName[] = [];
  const open: Node[] = [{ path: '', top: '', value: args, schemas: [root] }];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const schemas = alternativesOf(one.schemas, root);
    for (const member of membersOf(one, schemas)) {
      if (member.isFree) found.push({ path: member.path, top: member.top, value: member.name });
      open.push(member);
    }
  }
  return found.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

interface Node {
  readonly path: string;
  readonly top: string;
  readonly value: Json;
  /** What may be in its place; none: anything. */
  readonly schemas: readonly JsonObject[];
}

interface Member extends Node {
  readonly name: string;
  readonly isFree: boolean;
}

function membersOf({ path, top, value }: Node, schemas: readonly JsonObject[]): readonly Member[] {
  if (typeof value !== 'object' || value === null) return [];
  const isList = Array.isArray(value);
  return Object.entries(value).map(([name, within]): Member => {
    const declared = schemas.flatMap((schema) => (isList ? itemOf(schema, Number(name)) : propertyOf(schema, name)));
    const others = isList ? [] : schemas.map(({ additionalProperties }) => additionalProperties);
    return {
      ...pathTo({ path, top }, name, isList),
      ...{ name, value: within, isFree: !isList && declared.length === 0 },
      schemas: declared.length > 0 ? declared : others.filter(isObject),
    };
  });
}

function propertyOf({ properties, propertyNames, additionalProperties }: JsonObject, name: string) {
  if (isObject(properties) && Object.hasOwn(properties, name)) return [asSchema(properties[name])];
  const names = isObject(propertyNames) ? propertyNames['enum'] : undefined;
  return Array.isArray(names) && names.includes(name) ? [asSchema(additionalProperties)] : [];
}

function itemOf({ items, prefixItems }: JsonObject, at: number): readonly JsonObject[] {
  const own = Array.isArray(prefixItems) ? (prefixItems as readonly Json[])[at] : undefined;
  return [own ?? items].filter(isObject);
}

/** A schema with all that it refers to, side by side. */
function alternativesOf(schemas: readonly JsonObject[], root: JsonObject): readonly JsonObject[] {
  const seen = new Set<JsonObject>();
  const open = [...schemas];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    const { $ref: ref, anyOf, oneOf, allOf } = one;
    if (typeof ref === 'string') open.push(asSchema(referredTo(ref, root)));
    for (const some of [anyOf, oneOf, allOf]) {
      if (Array.isArray(some)) open.push(...(some as readonly Json[]).filter(isObject));
    }
  }
  return [...seen];
}

function referredTo(ref: string, root: JsonObject): Json | undefined {
  const { $defs: defs } = root;
  return ref === '#' ? root : isObject(defs) ? defs[ref.replace('#/$defs/', '')] : undefined;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asSchema = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

// A tool does not change while it is loaded.
const SCHEMAS = new WeakMap<Callable, JsonObject>();

/** Of what the schema gives back, since unknown names may be left out; what JSON Schema cannot say lets in anything. */
function schemaOf(tool: Callable): JsonObject {
  const known = SCHEMAS.get(tool);
  if (known !== undefined) return known;
  const schema = z.toJSONSchema(tool.input, { io: 'output', unrepresentable: 'any' }) as JsonObject;
  SCHEMAS.set(tool, schema);
  return schema;
}
