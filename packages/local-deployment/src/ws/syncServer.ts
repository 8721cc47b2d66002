import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import type { Served } from "../http/context.ts";
import type { Faults } from "../faults/faults.ts";

export class SyncServer {
  constructor(_served: Served, _faults: Faults) {}
  upgrade(_request: IncomingMessage, socket: Duplex, _head: Buffer): void {
    socket.destroy();
  }
  close(): void {}
}
