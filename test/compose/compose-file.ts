// Reads docker-compose.yml as Docker Compose does, as far as this project's file goes: anchors, merged maps, variables;
// and the Dockerfile's entry point. What the file may hold is the compose schema's to say (compose.test.ts checks it).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
  readonly deploy?: { readonly resources?: { readonly limits?: object } };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** The parsed file, its variables as they stand: what the schema is held against. */
export function parseCompose(folder: string): unknown {
  return parse(readFileSync(join(folder, 'docker-compose.yml'), 'utf8'), { merge: true });
}

/** The file with its variables filled in. Throws the sentence of a required one that is not set. */
export function readCompose(folder: string, variables: Readonly<Record<string, string>>): ComposeFile {
  return filled(parseCompose(folder), variables) as ComposeFile;
}

/** A .env file: NAME=value lines. */
export function readVariables(file: string): Readonly<Record<string, string>> {
  const lines = readFileSync(file, 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const at = line.indexOf('=');
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}

/** What every command of the image begins with. */
export function entrypointOf(folder: string): readonly string[] {
  const [, list] = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(folder, 'Dockerfile'), 'utf8')) ?? [];
  if (list === undefined) throw new Error('the Dockerfile has no ENTRYPOINT in the form of a list');
  return JSON.parse(list) as readonly string[];
}

function filled(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return fill(value, variables);
  if (Array.isArray(value)) return value.map((one) => filled(one, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, variables)]));
}

const VARIABLE = /\$\{(\w+)(?::([-?])([^}]*))?\}|\$\$/g;

function fill(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(VARIABLE, (whole, name?: string, sign?: string, rest = '') => {
    if (name === undefined) return whole.slice(1);
    const value = variables[name] ?? '';
    if (value !== '') return value;
    if (sign === '?') throw new Error(`${name}: ${rest}`);
    return sign === '-' ? rest : '';
  });
}
