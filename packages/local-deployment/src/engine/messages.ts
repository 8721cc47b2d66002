import type { JSONValue } from "convex/values";
import type { MessagePort } from "node:worker_threads";

import type { DocumentChange, Snapshot } from "../documents/documentStore.ts";
import type { ReadSet } from "../documents/readSet.ts";
import type { ValidatorJson } from "../validation/validatorJson.ts";

/** Who a function runs for, as `ctx.auth.getUserIdentity()` shows it. */
export type Identity = {
  subject: string;
  issuer: string;
  tokenIdentifier: string;
  [claim: string]: JSONValue;
};

/** The verified sender of a request. An admin may act as a user. */
export type Caller = { isAdmin: boolean; identity: Identity | null };

export const ANONYMOUS: Caller = { isAdmin: false, identity: null };
export const ADMIN: Caller = { isAdmin: true, identity: null };

export type FunctionKind = "query" | "mutation" | "action";

export type FunctionCall = {
  /** `any` runs the function as what it is; its errors then say "function", not "public function". */
  kind: FunctionKind | "any";
  /** A canonical function path. */
  path: string;
  /** The argument object as encoded JSON. */
  args: string;
  caller: Caller;
  ip?: string | null;
  userAgent?: string | null;
};

export type CallOutcome = {
  kind: FunctionKind | null;
  logLines: string[];
  /** How long the function ran, in ms. */
  ranMs: number;
} & (
  | { ok: true; value: string; ts: bigint }
  | {
      ok: false;
      message: string;
      data?: string | undefined;
      /** Where the same call can succeed later: why it could not now. */
      transientCode?: string | undefined;
    }
);

/** The outcome of a call that did not get as far as running. */
export function refusedCall(message: string, kind: FunctionKind | null = null): CallOutcome {
  return { ok: false, message, kind, logLines: [], ranMs: 0 };
}

/** One run of a query for a subscription: what it answered, and what it read. */
export type QueryOutcome = { call: CallOutcome; journal: string | null; reads: ReadSet };

export type BatchQuery = { id: number; call: FunctionCall; journal: string | null };
/** `slow` is the place of a query that had to be stopped: then there are no results, and `message` is its error. */
export type BatchOutcome = { ts: bigint; results: QueryOutcome[]; slow?: number; message?: string };

export type SchemaJson = {
  tables: TableJson[];
  schemaValidation: boolean;
};
export type TableJson = {
  tableName: string;
  indexes: IndexJson[];
  searchIndexes?: SearchIndexJson[];
  vectorIndexes?: VectorIndexJson[];
  /** Indexes that are prepared, and cannot be queried yet. */
  stagedDbIndexes?: IndexJson[];
  stagedSearchIndexes?: SearchIndexJson[];
  stagedVectorIndexes?: VectorIndexJson[];
  documentType: ValidatorJson | null;
};
export type IndexJson = { indexDescriptor: string; fields: string[] };
export type SearchIndexJson = {
  indexDescriptor: string;
  searchField: string;
  filterFields: string[];
};
export type VectorIndexJson = {
  indexDescriptor: string;
  vectorField: string;
  dimensions: number;
  filterFields: string[];
};

/** Code that is deployed, as the engine needs it. */
export type EngineCode = {
  /** The folder that holds the modules. A new one for each change, as modules are never unloaded. */
  directory: string;
  /** Paths in it of the modules that define functions. */
  modules: string[];
  /** Those of them with `"use node"`. */
  nodeModules: string[];
  schema: SchemaJson | null;
  env: Record<string, string>;
};

export type HttpActionRequest = {
  method: string;
  url: string;
  /** Path and query below the deployment's site URL. */
  path: string;
  headers: [string, string][];
  body: ArrayBuffer | null;
  caller: Caller;
  /** Why the Authorization header is none of Convex's, or null. */
  tokenProblem: string | null;
};
export type HttpActionOutcome = {
  logLines: string[];
  ranMs: number;
} & (
  | { ok: true; status: number; headers: [string, string][]; body: ArrayBuffer }
  | { ok: false; message: string; data?: string | undefined }
);

export type EngineRequest =
  | { type: "deploy"; id: number; code: EngineCode }
  | { type: "call"; id: number; call: FunctionCall; atTs: bigint | null }
  | { type: "batch"; id: number; queries: BatchQuery[] }
  | { type: "inlineQuery"; id: number; source: string }
  | { type: "httpAction"; id: number; request: HttpActionRequest }
  | { type: "scheduled"; id: number; jobId: string };

export type EngineReply =
  | { type: "ready" }
  /** User code threw when its request was answered already, or in a callback of its own. */
  | { type: "stray"; message: string }
  /** What runs for this request is an action. */
  | { type: "actionStarted"; id: number }
  | { type: "commit"; id: number; ts: bigint; changes: DocumentChange[]; counters: Counters }
  | { type: "result"; id: number; result: unknown }
  /** The request could not be handled at all. */
  | { type: "failed"; id: number; message: string };

/** What the engine counts besides the documents. */
export type Counters = { nextDocId: number; lastCreationTime: number };

export type WorkerStart = {
  port: MessagePort;
  /** See SharedSlot. */
  shared: SharedArrayBuffer;
  snapshot: Snapshot;
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
