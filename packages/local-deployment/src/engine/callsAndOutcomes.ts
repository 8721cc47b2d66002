import type { JSONValue } from "convex/values";

import type { ComponentPath } from "../documents/componentTables.ts";
import type { ReadSet } from "../documents/readSet.ts";

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
