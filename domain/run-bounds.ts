// How much one run of a conversation takes before it is renewed, or takes no more. Pure. May import nothing.

// 8,000 of the server's 10,000 per run: room for those that arrive while the run ends.
export const MAX_SIGNALS_PER_RUN = 8_000;
// 1,000, not the 4,096 at which the server suggests it: a role that was killed replays what there is of a run within one
// Workflow Task, of two seconds, also on a machine that is busy. It is some thirty turns.
export const MAX_EVENTS_PER_RUN = 1_000;
// 500: five full queues, and more than the events of a run have room for between turns, so that only a turn that is held for
// long comes here. The server's 2,000 Updates of a run are never used up: where none gets in, nobody can resume it.
export const MAX_HEARD_PER_RUN = 500;
