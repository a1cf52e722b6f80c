// The peer restate: its server, and the process that is its service and front; bench/peers/README.md says in which form.
import type { Subject } from '../measure.ts';
import { installPeers } from './install-peers.ts';
import { startPeer } from './peer.ts';
import { startRestateServer } from './restate-server.ts';

export const restate: Subject = {
  name: 'restate',
  async start(at) {
    await installPeers(at.log);
    const server = await startRestateServer(at.folder);
    try {
      const { turn, pids, stop } = await startPeer('restate', at, server.env);
      return {
        turn,
        pids: () => ({ ...pids(), 'restate-server': server.pid }),
        async stop() {
          await stop();
          await server.stop();
        },
      };
    } catch (error) {
      await server.stop();
      throw new Error(`restate did not start; its server said: ${server.log()}`, { cause: error });
    }
  },
};
