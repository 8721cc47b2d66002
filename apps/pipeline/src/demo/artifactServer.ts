import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import sirv from "sirv";

export type ArtifactServer = { url: string; port: number; close(): Promise<void> };

/**
 * Serves the artifact store's folder on this machine.
 *
 * @param port - 0: any free one.
 * @throws what listening throws: `EADDRINUSE` for a port in use.
 */
export async function startArtifactServer(folder: string, port: number): Promise<ArtifactServer> {
  // `dev` looks files up when they are asked for: they do not exist yet.
  const serve = sirv(folder, {
    ...{ dev: true, etag: true },
    // The dashboard, which is served elsewhere, shows what is in them.
    setHeaders: (response) => response.setHeader("access-control-allow-origin", "*"),
  });
  const server = createServer((request, response) => {
    serve(request, response, () => {
      response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${listening}`,
    port: listening,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
