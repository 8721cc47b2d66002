/** Lets the engine's thread reach the contents of files, which are kept outside of it. */
import type { MessagePort } from "node:worker_threads";

import type { Blobs } from "./blobs.ts";

type BlobCall = { call: number } & (
  | { op: "put"; id: string; content: Uint8Array }
  | { op: "get"; id: string }
  | { op: "delete"; id: string }
);
type BlobReply = { call: number } & ({ content: Uint8Array | null } | { error: string });

/** Answers what `remoteBlobs` asks at the other end of the channel. */
export function serveBlobs(port: MessagePort, blobs: Blobs): void {
  const run = async (request: BlobCall): Promise<Uint8Array | null> => {
    if (request.op === "get") return await blobs.get(request.id);
    if (request.op === "put") await blobs.put(request.id, request.content);
    else await blobs.delete(request.id);
    return null;
  };
  port.on("message", (request: BlobCall) => {
    const { call } = request;
    const answer = (reply: BlobReply) => port.postMessage(reply);
    run(request).then(
      (content) => answer({ call, content }),
      (error: unknown) => answer({ call, error: String(error) }),
    );
  });
}

export function remoteBlobs(port: MessagePort): Blobs {
  const waiting = new Map<
    number,
    { resolve: (reply: Uint8Array | null) => void; reject: (error: Error) => void }
  >();
  let calls = 0;
  port.on("message", (reply: BlobReply) => {
    const caller = waiting.get(reply.call);
    waiting.delete(reply.call);
    if ("error" in reply) caller?.reject(new Error(reply.error));
    else caller?.resolve(reply.content);
  });
  const ask = (request: { op: BlobCall["op"]; id: string; content?: Uint8Array }) =>
    new Promise<Uint8Array | null>((resolve, reject) => {
      const call = ++calls;
      waiting.set(call, { resolve, reject });
      port.postMessage({ ...request, call });
    });
  return {
    put: async (id, content) => {
      await ask({ op: "put", id, content });
    },
    get: (id) => ask({ op: "get", id }),
    delete: async (id) => {
      await ask({ op: "delete", id });
    },
  };
}
