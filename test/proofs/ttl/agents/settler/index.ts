// Says nothing of how long anything is kept, which is for ever.
import { lodging } from '../lodger/lodging.ts';

export default lodging('settler');
