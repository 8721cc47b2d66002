import type { MessagePort } from "node:worker_threads";

import type { ComponentPath } from "../documents/componentTables.ts";
import type { CountedCommit, Snapshot } from "../documents/documentStore.ts";
import type { StoredFile } from "../documents/uploadedFile.ts";
import type {
  BatchQuery,
  FunctionCall,
  HttpActionRequest,
  InlineQuery,
  TableImport,
} from "./callsAndOutcomes.ts";
import type { EngineCode } from "./engineCode.ts";

export type EngineRequest =
  | { type: "deploy"; id: number; code: EngineCode }
  | { type: "call"; id: number; call: FunctionCall; atTs: bigint | null }
  | { type: "batch"; id: number; queries: BatchQuery[] }
  | { type: "inlineQuery"; id: number; query: InlineQuery }
  | { type: "httpAction"; id: number; request: HttpActionRequest }
  | { type: "scheduled"; id: number; component: ComponentPath; jobId: string }
  | { type: "storeFile"; id: number; component: ComponentPath; file: StoredFile }
  | { type: "import"; id: number; tables: TableImport[] }
  /** What was said before this was asked for is durable. */
  | { type: "stored"; id: number };

export type EngineReply =
  | { type: "ready" }
  /** User code threw when its request was answered already, or in a callback of its own. */
  | { type: "stray"; message: string }
  /** What runs for this request is an action. */
  | { type: "actionStarted"; id: number }
  | { type: "commit"; commit: CountedCommit }
  /** Wants to be told (`stored`) when all that was said before is durable. */
  | { type: "untilStored"; id: number }
  /** `commit` is what a mutation that was called has changed: it is there with its answer or not at all. */
  | { type: "result"; id: number; result: unknown; commit?: CountedCommit | null }
  /** The request could not be handled at all. */
  | { type: "failed"; id: number; message: string };

export type WorkerStart = {
  port: MessagePort;
  /** See SharedSlot. */
  shared: SharedArrayBuffer;
  snapshot: Snapshot;
  /** Whether documents outlive the process. */
  isKept: boolean;
  /** The other end of `serveBlobs`. */
  blobs: MessagePort;
  /** What upload tokens are signed with. */
  uploadSecret: string;
};

/** Places in the memory that the watchdog and the worker share. */
export const SharedSlot = {
  /** Grows while the worker's event loop turns. */
  heartbeat: 0,
  /** The request whose transaction runs now, or 0. */
  current: 1,
  /** Grows with each transaction, so that one can be told from the next. */
  serial: 2,
} as const;
