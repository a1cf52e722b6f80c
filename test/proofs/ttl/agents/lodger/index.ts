// Closes what is idle for two weeks, and deletes its words ten days later.
import { lodging } from './lodging.ts';

export default lodging('lodger', { closeIdleAfterDays: 14, deleteTextsAfterDays: 10 });
