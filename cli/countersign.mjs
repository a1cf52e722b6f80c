#!/usr/bin/env node
// The `countersign` command: the built program where there is one (an installed package), else the source (a clone).
// Node built-ins only.
import { existsSync } from 'node:fs';
import { runFromSource } from './bootstrap.mjs';

const built = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(built)) await import(built.href);
else await runFromSource('cli/main.ts', process.argv.slice(2));
