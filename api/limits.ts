// Every bound of the HTTP side, with its reason. What a deployment may tune is in ApiLimits. May import domain.
import { MAX_ARGUMENTS_BYTES } from '../domain/tool.ts';

// 16,000 characters: about ten pages, far below what one payload of Temporal may carry.
export const MESSAGE_CHARS = 16_000;
// 188 KB: JSON may write each character of the longest message as an escape of 6 bytes, or of 12, as a surrogate pair;
// 512 bytes are for what is around the text. A larger body is a mistake or an attack.
export const JSON_BYTES = MESSAGE_CHARS * 6 * 2 + 512;
// 256 KB: a click brings the whole message that it was made on, a form's worth of escapes included.
export const WEBHOOK_BYTES = 256 * 1024;
// 2.5 s: Slack gives up after 3, and sends again what was not answered; half a second is for the way.
export const WEBHOOK_MS = 2_500;
// 264 KB: the longest arguments that a decision may carry, of which a form makes 8 bytes of each at most (DEL is \u007f, and
// its backslash %5C); and 8 KB for a reason of 500 characters, 9 bytes each, a token of TOKEN_CHARS and the names of fields.
export const FORM_BYTES = MAX_ARGUMENTS_BYTES * 8 + 8_192;
// 8 fields: a form of ours has four.
export const FORM_FIELDS = 8;
// 1,500 characters: a signed link or form, with the longest id, name and tenant.
export const TOKEN_CHARS = 1_500;
// 15 min: from a message on the phone to the page and through it; whoever finds the link later finds it shut.
export const LINK_VALID_MS = 15 * 60_000;
// 1 day beyond its end: the browser still brings a link that is over, so that its person is told so and not asked for a key.
export const LINK_REMEMBERED_MS = 24 * 60 * 60_000;
// 1 h: somebody reads a long approval, is called away and comes back; then the page is loaded anew, with what changed.
export const FORM_VALID_MS = 60 * 60_000;

// 1 s: a refusal is put on record in milliseconds; a channel waits 2.5 s for all of its answer, and gets it in any case.
export const REFUSAL_MS = 1_000;

// 128 characters: a UUID with room for a prefix of the caller's.
export const KEY_CHARS = 128;
// 300 characters: more than any id or cursor that we give out.
export const ID_CHARS = 300;
// 100 rows: what one page shows without scrolling for long.
export const MAX_PAGE = 100;
export const DEFAULT_PAGE = 25;
// 100 actions: the newest of a conversation; older ones are found by their own URL.
export const ACTIONS_SHOWN = 100;

// 20 pages of 100 approvals: more than any house lets wait; past them the actor's own refusal has to do.
export const CANCEL_PAGES = 20;
export const CANCEL_PAGE = 100;
// 10 Signals at once: a page is told in a second or two, and other calls still get through.
export const CANCELS_AT_ONCE = 10;
// 20 s: well within what a request may take; whoever throws a switch wants to know soon, and it holds without this.
export const CANCEL_MS = 20_000;

// 10 conversations are closed at once, for 30 s: a person has a few open ones; who has hundreds is erased in several goes.
export const CLOSES_AT_ONCE = 10;
export const CLOSE_ALL_MS = 30_000;
// 10 s: what a tool takes to come to its end. What runs longer, or waits for people, is ended as it is.
export const REST_MS = 10_000;
export const REST_LOOK_MS = 500;

// 100 ms, then ever longer up to 1 s: for answers that were not heard of, as through a pooler; people do not notice, and
// 30 s cost some 35 look-ups.
export const REPLY_POLL_FIRST_MS = 100;
export const REPLY_POLL_MAX_MS = 1_000;
// 3 looks, 600 ms in all: how long a message may be neither queued nor on record, while its turn opens.
export const TAKEN_LOOKS_MS = [0, 100, 500] as const;

// 300 ms: live to the eye, and 200 streams cost the store less than 700 small look-ups a second.
export const EVENTS_POLL_MS = 300;
export const EVENTS_PAGE = 100;
// 15 s: below the idle time-outs of common proxies (30 to 60 s).
export const EVENTS_HEARTBEAT_MS = 15_000;
// 15 min: a client whose key was revoked meanwhile must come back and show it again.
export const EVENTS_STREAM_MS = 15 * 60 * 1000;
// 2 s: how long a client waits before it opens a broken stream again.
export const EVENTS_RETRY_MS = 2_000;

// 500 entries: half a megabyte of usual ones; a pull of a busy day's 50,000 takes a hundred requests.
export const LEDGER_PAGE = 500;
export const DEFAULT_LEDGER_PAGE = 100;
// 4 MB of text in one page: entries that hold much evidence make it shorter; one entry is always in it.
export const LEDGER_PAGE_CHARS = 4_000_000;
// 128 entries: some 300 KB of lines at a time, however large the ledger is.
export const EXPORT_PAGE = 128;
// 2 exports at once: each reads the whole of the ledger, and keeps a connection of the store busy.
export const EXPORTS_AT_ONCE = 2;
// 60 s: who takes nothing of what there is for so long has gone, and a place among the exports is worth something.
export const EXPORT_STALL_MS = 60_000;
// 60 s: a checkpoint is made once a minute, as soon as there is anything to be in it.
export const RETRY_AFTER_CHECKPOINT_S = 60;

// 45 s: the longest wait that we promise is 30 s for a reply; what is later than this will not come.
export const REQUEST_MS = 45_000;
// 1 s and 5 s: probes and scrapes come from everywhere; what lies behind is asked at most this often.
export const READINESS_FRESH_MS = 1_000;
export const METRICS_FRESH_MS = 5_000;
// 1 min: counted over thousands of approvals, of days; nobody is woken sooner for a habit.
export const BURDEN_FRESH_MS = 60_000;

// Seconds that a caller should wait: a restart of a worker or of Temporal takes about 5; a queue moves within 30.
export const RETRY_AFTER_OUTAGE_S = 5;
export const RETRY_AFTER_FULL_S = 30;

// 20 s: below the 30 s that a reply is waited for, so that whoever is let in gets theirs while they wait.
export const ANSWERED_WITHIN_S = 20;
// 10 s: over it the pace is counted; a few turns of a slow model are in it, and it forgets an hour that was quick.
export const PACE_WINDOW_MS = 10_000;
// 2,000 turns under way: one look-up of some 20 ms tells which of them are over.
export const MOST_TURNS = 2_000;
// 250 ms: how old what is known of the turns under way may be where it decides; four look-ups a second at most.
export const TURNS_FRESH_MS = 250;
// Four times what is free: a principal who comes alone may have four fifths of all, two of them four ninths each; the
// last places are always for somebody who has none.
export const SHARE_OF_FREE = 4;
// 15 min: longer than any turn works. What is not answered by then waits for something else, a budget or people.
export const TURN_MS = 15 * 60_000;
// 60 s: an Update that nobody took in time is taken by then, and its turn on record, or it never will be.
export const UNSURE_MS = 60_000;
// 5 to 10 s, by chance: those who were refused together do not come back together.
export const RETRY_AFTER_BUSY_S = 5;
export const RETRY_SPREAD_S = 5;

/** What a deployment may tune. */
export interface ApiLimits {
  readonly requestsPerKeyPerMinute: number;
  readonly requestsPerAddressPerMinute: number;
  readonly streams: number;
  readonly streamsPerKey: number;
  readonly replyWaitMs: number;
  /** Turns that are under way by this process before it looks at how soon they are answered. */
  readonly turnsAtOnce: number;
}

export const DEFAULT_API_LIMITS: ApiLimits = {
  // 600: ten a second from one key is a program, not a person; a program can be given a higher limit.
  requestsPerKeyPerMinute: 600,
  // 3,000: an office behind one address; it bounds what guessing keys costs us, before a look-up is made.
  requestsPerAddressPerMinute: 3_000,
  // 200: each stream asks the store three times a second.
  streams: 200,
  // 20: the open tabs of one person; a team page has its own key.
  streamsPerKey: 20,
  // 30 s: REPLY_WAIT_MS of the design; most model turns end within it, and proxies cut at 60 s.
  replyWaitMs: 30_000,
  // 100: 20 s of two cores that make five turns a second; a quicker deployment earns itself more.
  turnsAtOnce: 100,
};
