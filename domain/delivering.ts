// What was said in a conversation and what of it has reached its channel, beside the turns. Pure. May import nothing.

export interface Delivering {
  /** How many turns have said something, and of how many of them all is delivered, or was given up. */
  said: number;
  delivered: number;
  /** An Activity sends. At the start of a run: that of the run before may do so still. */
  isUnderWay: boolean;
  /** Nobody else sends from then on. */
  fromMs: number;
  /** Nothing more is begun in this run, which ends. */
  isHeld: boolean;
}

/** Absent where only the API speaks in a conversation. */
interface Speaking {
  readonly delivery?: Delivering;
}

export const nothingSaid = (): Delivering => {
  return { said: 0, delivered: 0, isUnderWay: false, fromMs: 0, isHeld: false };
};

/** A turn has ended: what it said is to reach its channel. */
export function noteSaid({ delivery }: Speaking): void {
  if (delivery !== undefined) delivery.said += 1;
}

/** True while something that was said has not reached its channel. */
export const isBehind = ({ delivery }: Speaking): boolean =>
  delivery !== undefined && delivery.delivered < delivery.said;
