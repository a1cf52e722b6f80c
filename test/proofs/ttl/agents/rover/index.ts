// Closes what is idle for two months, and keeps its words.
import { lodging } from '../lodger/lodging.ts';

export default lodging('rover', { closeIdleAfterDays: 60 });
