// The guard of a development Temporal server: keeps the server from outliving the process that wanted it. Runs in a
// session of its own, so that Ctrl-C in the terminal reaches neither; its standard input is a pipe that the start holds
// open, and its end, however that process ends, stops the server. File 3 is the lock of the state folder, handed on to
// the server, so that the folder stays locked until the last one is gone. Plain JavaScript, Node built-ins only.
//
//   node guard.mjs PID_FILE PROGRAM ARGS…
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

// 10 s: the server closes its database within two; the next start waits 15 s for us.
const STOP_LIMIT_MS = 10_000;
const [pidFile, program, ...args] = process.argv.slice(2);

const server = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 3] });
if (server.pid !== undefined) writeFileSync(pidFile, `${server.pid}\n`);
server.once('error', (error) => {
  console.error(`cannot run ${program}: ${error.message}`);
  process.exit(1);
});
server.once('exit', (code) => {
  rmSync(pidFile, { force: true });
  process.exit(stopping ? 0 : (code ?? 1));
});

let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  server.kill('SIGTERM');
  setTimeout(() => server.kill('SIGKILL'), STOP_LIMIT_MS).unref();
}

process.stdin.once('close', stop);
process.stdin.once('error', stop);
process.stdin.resume();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
