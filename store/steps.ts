// Under which step each kind of entry stands. An entry is idempotent by its subject and step (see domain/entry.ts), so
// whoever took the step of another kind would keep its entry off the ledger: what a role may append it may append under the
// steps of that kind only (see grants.ts). May import domain types. Guarantees: no place of one kind is one of another kind.
import type { Fact } from '../domain/entry.ts';

/** Regular expressions, read alike by PostgreSQL and JavaScript. */
interface Place {
  readonly step: string;
  /** Where two kinds share a step, their subjects tell them apart; absent where the step alone does. */
  readonly subject?: string;
}

/** The id of an approval ends in its place in its batch and its round; that of an action or a batch does not. */
export const OF_APPROVAL = '[.][0-9]+[.][0-9]+$';

export const PLACES: Readonly<Record<Fact['kind'], Place>> = {
  conversation_opened: { step: '^opened$' },
  phase: { step: '^(phase:|closed$)' },
  message: { step: '^message:(?!.*:refused$)' },
  message_refused: { step: '^message:.*:refused$' },
  report_refused: { step: '^report:.*:refused$' },
  commanded: { step: '^(pause|resume|stop|handover|handback):' },
  model_call: { step: '^model:[0-9]+:([0-9]+|facts|summary)$' },
  model_call_failed: { step: '^model:[0-9]+:([0-9]+|facts|summary):failed:' },
  replied: { step: '^replied:' },
  turn_limited: { step: '^limited:[0-9]+$' },
  budget_reached: { step: '^budget_reached:[0-9]+$' },
  budget_opened: { step: '^budget_opened$' },
  facts_erased: { step: '^erased:' },
  intake: { step: '^intake:[0-9]+$' },
  proposed: { step: '^proposed$' },
  inspected: { step: '^inspected:' },
  ruled: { step: '^ruled:' },
  approval_requested: { step: '^requested$' },
  approval_noticed: { step: '^noticed:[0-9]+$' },
  decided: { step: '^decided:' },
  decision_refused: { step: '^decision refused:' },
  // That of an action has no dot.
  approval_settled: { step: '^settled$', subject: OF_APPROVAL },
  settled: { step: '^(settled|corrected)$', subject: '^[^.]*$' },
  claimed: { step: '^claimed$' },
  attempted: { step: '^attempted:' },
  reconciled: { step: '^reconciled:' },
  warrant_refused: { step: '^refused:' },
  approval_seen: { step: '^seen:' },
  card_shown: { step: '^card_shown:' },
  card_not_shown: { step: '^card_not_shown:' },
  // The only step that its id alone names, which the API makes of the key of a request.
  switched: { step: '^s-' },
  ledger_read: { step: '^read-' },
  ledger_resumed: { step: '^resumed$' },
  configured: { step: '^[0-9a-f]{16}:[0-9]+$' },
  api_key_added: { step: '^added$' },
  api_key_revoked: { step: '^revoked$' },
  erased: { step: '^erased-' },
  maintained: { step: '^maintained:' },
  master_key_changed: { step: '^changed:' },
  operator_act: { step: '^(terminated|reset|more):' },
};
