// What the desk wants to know of a message before anybody answers: facts that stand in it word by word, and the priority and
// queue that they come to. Whoever is hurt or speaks of lawyers gets a person, whatever else they write and whatever a model
// makes of it. Pure. May import countersign and this folder.
import { defineIntake, fact, type IntakeRoute } from 'countersign';
import { TWO_APPROVERS_ABOVE } from './rules.ts';

export const intake = defineIntake({
  facts: {
    // A number by itself is one too: it answers the question below.
    orderId: fact.id(/\border\s{0,5}(?:no\.|no|number|#)?\s{0,5}#?([1-9]\d{2,9})\b|^#?([1-9]\d{2,9})$/),
    what: fact.oneOf(
      {
        damaged: ['damaged', 'broken', 'cracked', 'scratched', 'defective', 'does not work', "doesn't work"],
        late: ['late', 'delayed', 'not arrived', 'never arrived', 'has not come', "hasn't arrived"],
        wrong_item: ['wrong item', 'wrong size', 'wrong colour', 'wrong color', 'not what i ordered', 'missing'],
      },
      { except: ['not damaged', 'not broken', 'not late', 'too late', 'late evening', 'nothing is missing'] },
    ),
    amount: fact.money(),
    deliveredOn: fact.date(),
    injured: fact.yesNo({
      yes: ['injured', 'injury', 'hurt', 'burned', 'burnt', 'bleeding', 'cut myself', 'hospital', 'electric shock'],
      no: ['nobody was injured', 'nobody was hurt', 'no injury', 'not injured', 'not hurt'],
    }),
    lawyer: fact.yesNo({
      yes: ['lawyer', 'solicitor', 'attorney', 'sue', 'legal action', 'court', 'consumer protection'],
      no: ['no lawyer', 'without a lawyer', 'will not sue'],
    }),
  },
  questions: {
    orderId: 'Which order is it about? Please write its number, such as "order 1042".',
    amount: 'How much is it about? Please write it in figures, such as "72.00 EUR".',
  },
  route: ({ what, amount, injured, lawyer }): IntakeRoute<'orderId'> => {
    if (injured === true) return { priority: 1, queue: 'safety', handover: true };
    if (lawyer === true) return { priority: 1, queue: 'legal', handover: true };
    // An amount of another currency may be any amount.
    const isDear =
      amount !== undefined && (amount.currency !== 'EUR' || amount.minorUnits > TWO_APPROVERS_ABOVE.minorUnits);
    if (isDear) return { priority: 2, queue: 'finance' };
    if (what === 'damaged' || what === 'wrong_item') return { priority: 3, queue: 'returns', needs: ['orderId'] };
    if (what === 'late') return { priority: 3, queue: 'shipping', needs: ['orderId'] };
    return { priority: 4, queue: 'questions' };
  },
  unclear: { priority: 2, queue: 'support', handover: true },
});
