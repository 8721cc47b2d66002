import type { JSONValue } from "convex/values";
import type { MessagePort } from "node:worker_threads";

import type { ComponentPath } from "../documents/componentTables.ts";
import type { CountedCommit, Snapshot } from "../documents/documentStore.ts";
import type { ReadSet } from "../documents/readSet.ts";
import type { StoredFile } from "../documents/uploadedFile.ts";
import type { ValidatorJson } from "../documents/validatorJson.ts";

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
  /** The component whose function it is; the app's when absent. Only an admin may name one. */
  component?: ComponentPath;
  /** A canonical function path. */
  path: string;
  /** The argument object as encoded JSON. */
  args: string;
  caller: Caller;
  ip?: string | null;
  userAgent?: string | null;
  /** Under which key a mutation's answer is kept, so that it is not run again when its client repeats it. */
  receipt?: string;
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
  env: Record<string, string>;
  /** Paths of the app's modules with `"use node"`; components have none. */
  nodeModules: string[];
  /** The app and its components. */
  components: ComponentCode[];
};

/** The code of one mount of a component, or of the app. */
export type ComponentCode = {
  path: ComponentPath;
  /** Where in the directory its modules are. */
  folder: string;
  /** Paths in the folder of the modules that define functions. */
  modules: string[];
  schema: SchemaJson | null;
  /** What its functions see in `process.env`; null for the app, which sees the deployment's. */
  env: Record<string, string> | null;
  httpMounts: HttpMount[];
};

/** A child component that answers HTTP requests below a prefix, which ends with a slash. */
export type HttpMount = { prefix: string; child: ComponentPath };

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
  | { type: "inlineQuery"; id: number; query: InlineQuery }
  | { type: "httpAction"; id: number; request: HttpActionRequest }
  | { type: "scheduled"; id: number; component: ComponentPath; jobId: string }
  | { type: "storeFile"; id: number; component: ComponentPath; file: StoredFile }
  | { type: "import"; id: number; tables: TableImport[] }
  /** What was said before this was asked for is durable. */
  | { type: "stored"; id: number };

/** A query that is not deployed: the source of a module that exports it, for the app or a component. */
export type InlineQuery = { component: ComponentPath; source: string };

/** Documents to be written into one table, with or without `_id` and `_creationTime`. */
export type TableImport = {
  component: ComponentPath;
  table: string;
  /** Whether what is in the table goes first. */
  isCleared: boolean;
  documents: Record<string, unknown>[];
};
export type ImportOutcome = { ok: true; written: number } | { ok: false; message: string };

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
