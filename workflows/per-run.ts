// What a run keeps besides what its Workflow function holds. The modules of Workflow code are the same for all runs of a
// process (workers/bundle.ts), so nothing of a run lies in one; its globals are its own. May import nothing.

/**
 * Of each run one, made when it is first asked for there. The SDK exchanges the globals whenever another run goes on: see
 * `reusable-vm.ts` in @temporalio/worker.
 */
export function perRun<T extends object>(first: () => T): () => T {
  const key = Symbol('of this run');
  const globals = globalThis as { [own: symbol]: T | undefined };
  return () => (globals[key] ??= first());
}
