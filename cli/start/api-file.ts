// Where the command line finds the API of a running development start: a file of the state folder that holds
// `{ "url": … }`. Written by the start, removed when it stops in good order. May import nothing of ours.
import { z } from 'zod';

export const API_FILE = 'api.json';
export const ApiFile = z.object({ url: z.url({ protocol: /^https?$/ }) });
