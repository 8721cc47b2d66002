/** The engine's thread: user code runs here, and only here. */
import { workerData } from "node:worker_threads";

import { remoteBlobs } from "../storage/blobPort.ts";
import { captureConsole } from "./console.ts";
import { separateEnvironments } from "./currentFunction.ts";
import { Durability } from "./durability.ts";
import { uncaughtError } from "./functionErrors.ts";
import { SharedSlot, type EngineReply, type EngineRequest, type WorkerStart } from "./messages.ts";
import { requestContext } from "./requestContext.ts";
import { UploadTokens } from "./uploadTokens.ts";

const HEARTBEAT_MS = 100;

const { port, shared, snapshot, isKept, blobs, uploadSecret } = workerData as WorkerStart;
const slots = new Int32Array(shared);

// Before convex-test is loaded, which keeps the console that it finds.
captureConsole();
process.setSourceMapsEnabled(true);
separateEnvironments();
const { RequestRunner } = await import("./requestRunner.ts");

const post = (reply: EngineReply) => port.postMessage(reply);
const storage = { blobs: remoteBlobs(blobs), tokens: new UploadTokens(uploadSecret) };
const durability = new Durability(isKept ? (id) => post({ type: "untilStored", id }) : null);
const runner = new RequestRunner(snapshot, storage, {
  untilStored: () => durability.untilStored(),
  commit: (commit) => post({ type: "commit", commit }),
  actionStarted: (id) => post({ type: "actionStarted", id }),
  current: (id) => {
    Atomics.add(slots, SharedSlot.serial, 1);
    Atomics.store(slots, SharedSlot.current, id);
  },
});

// What user code leaves behind (a rejected promise, a timer that throws) concerns only the request that it was for.
for (const event of ["uncaughtException", "unhandledRejection"] as const)
  process.on(event, (error: unknown) => {
    const abort = requestContext.getStore()?.abort ?? null;
    if (abort === null) post({ type: "stray", message: String(error) });
    else abort(uncaughtError(event, error));
  });

// Requests that come after code run it, and not what was there before.
let deployed: Promise<unknown> = Promise.resolve();

async function handle(request: EngineRequest): Promise<void> {
  const { id } = request;
  const done = (result: unknown) => post({ type: "result", id, result });
  if (request.type === "deploy") {
    const deploying = runner.deploy(request.code);
    // Code that cannot be loaded leaves the earlier code in place.
    deployed = deploying.catch(() => undefined);
    done(await deploying);
    return;
  }
  await deployed;
  switch (request.type) {
    case "stored":
      durability.stored(id);
      return;
    case "call":
      await runner.call(id, request, (result, commit = null) =>
        post({ type: "result", id, result, commit }),
      );
      return;
    case "batch":
      done(await runner.batch(id, request.queries));
      return;
    case "inlineQuery":
      await runner.inlineQuery(id, request.query, done);
      return;
    case "httpAction":
      done(await runner.httpAction(id, request.request));
      return;
    case "scheduled":
      done(await runner.scheduled(id, request));
      return;
    case "import":
      done(await runner.importTables(id, request.tables));
      return;
    case "storeFile":
      done(await runner.storeFile(id, request));
      return;
  }
}

/** Every request is answered, whatever happens. */
async function answer(request: EngineRequest): Promise<void> {
  try {
    await handle(request);
  } catch (error) {
    post({ type: "failed", id: request.id, message: String(error) });
  }
}

port.on("message", (request: EngineRequest) => void answer(request));
setInterval(() => Atomics.add(slots, SharedSlot.heartbeat, 1), HEARTBEAT_MS);
post({ type: "ready" });
