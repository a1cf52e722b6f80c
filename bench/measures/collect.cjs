// Preloaded into every thread of the workflows role, for the measure `memory`: upon SIGWINCH each collects its garbage, and
// what each still keeps is written to BENCH_HEAPS, as JSON. Other signals Temporal's SDK takes for the wish to stop. The
// product knows nothing of it. Plain JavaScript.
'use strict';
const { renameSync, writeFileSync } = require('node:fs');
const { getHeapStatistics, setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');
const { BroadcastChannel, isMainThread, threadId } = require('node:worker_threads');

const file = process.env.BENCH_HEAPS ?? '';
// 500 ms: a thread that is idle collects within a fraction of it.
const ANSWERS_MS = 500;
if (file !== '') install();

function install() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const threads = new BroadcastChannel('bench-heaps');
  const look = () => {
    // Twice: what a finalizer lets go is collected by the second.
    collect();
    collect();
    const { used_heap_size: used, external_memory: external } = getHeapStatistics();
    return { thread: threadId, bytes: used + external };
  };
  let heaps = [];
  threads.addEventListener('message', ({ data }) => {
    if (isMainThread) heaps.push(data);
    else if (data === 'look') threads.postMessage(look());
  });
  threads.unref();
  if (!isMainThread) return;
  process.on('SIGWINCH', () => {
    heaps = [];
    threads.postMessage('look');
    const own = look();
    setTimeout(() => {
      writeFileSync(`${file}.new`, JSON.stringify([own, ...heaps]));
      renameSync(`${file}.new`, file);
    }, ANSWERS_MS);
  });
}
