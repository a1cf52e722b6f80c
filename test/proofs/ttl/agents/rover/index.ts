// Closes what is idle for two months, and deletes its words two months later.
import { lodging } from '../lodger/lodging.ts';

export default lodging('rover', { closeIdleAfterDays: 60, deleteTextsAfterDays: 60 });
