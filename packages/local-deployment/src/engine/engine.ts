import {
  MessageChannel,
  receiveMessageOnPort,
  type MessagePort,
  type Worker,
} from "node:worker_threads";

import type { ComponentPath } from "../documents/componentTables.ts";
import type { Commit, CountedCommit, DocumentStore } from "../documents/documentStore.ts";
import type { StoredFile } from "../documents/uploadedFile.ts";
import { serveBlobs } from "../storage/blobPort.ts";
import type { Blobs } from "../storage/blobs.ts";
import type { StoredRecord } from "../storage/dataFile.ts";
import type {
  BatchOutcome,
  BatchQuery,
  CallOutcome,
  FunctionCall,
  HttpActionOutcome,
  HttpActionRequest,
  ImportOutcome,
  InlineQuery,
  TableImport,
} from "./callsAndOutcomes.ts";
import type { EngineCode } from "./engineCode.ts";
import { SharedSlot, type EngineReply, type EngineRequest, type WorkerStart } from "./messages.ts";
import { PendingRequests } from "./pendingRequests.ts";
import { startThread } from "./startThread.ts";
import { Watchdog } from "./watchdog.ts";

type Unsent<T> = T extends { id: number } ? Omit<T, "id"> : never;

/**
 * Runs functions in a thread, and replaces the thread when a function in it does not come to an end. Committed
 * documents are in the store, and durable, before any answer is given that could know of them; requests that were still
 * waiting run in the new thread.
 */
export class Engine {
  readonly #store: DocumentStore;
  readonly #blobs: Blobs;
  readonly #uploadSecret: string;
  readonly #transactionMs: number;
  readonly #onCommit: (commit: Commit) => void;
  readonly #onStray: (message: string) => void;
  readonly #receiptOf: (receipt: string, outcome: CallOutcome) => StoredRecord;
  readonly #pending = new PendingRequests();
  #nextId = 1;
  #code: EngineCode | null = null;
  #worker!: Worker;
  #port!: MessagePort;
  #slots!: Int32Array;
  #watchdog: Watchdog | null = null;
  #isClosed = false;
  #broken: Error | null = null;
  /** What the worker has said since the first commit that is not stored yet. */
  #heard: EngineReply[] = [];

  constructor(options: {
    store: DocumentStore;
    blobs: Blobs;
    uploadSecret: string;
    /** How long a transaction may take, and how long an action may keep others from running, in ms. */
    transactionMs: number;
    onCommit: (commit: Commit) => void;
    /** Told what user code threw outside of any request. */
    onStray: (message: string) => void;
    /** The record that a mutation's answer is kept in. */
    receiptOf: (receipt: string, outcome: CallOutcome) => StoredRecord;
  }) {
    this.#store = options.store;
    this.#blobs = options.blobs;
    this.#uploadSecret = options.uploadSecret;
    this.#transactionMs = options.transactionMs;
    this.#onCommit = options.onCommit;
    this.#onStray = options.onStray;
    this.#receiptOf = options.receiptOf;
    this.#startWorker();
  }

  async deploy(code: EngineCode): Promise<void> {
    await this.#ask({ type: "deploy", code });
    this.#code = code;
  }

  /** @param atTs the timestamp as of which a query shall run, or null for now. */
  call(call: FunctionCall, atTs: bigint | null = null): Promise<CallOutcome> {
    return this.#ask<CallOutcome>({ type: "call", call, atTs });
  }

  /** Runs queries over one state of the documents. */
  batch(queries: Omit<BatchQuery, "id">[]): Promise<BatchOutcome> {
    const numbered = queries.map((query) => ({ ...query, id: this.#nextId++ }));
    return this.#ask<BatchOutcome>({ type: "batch", queries: numbered });
  }

  /** Runs a query that is not deployed: the source of a module that exports it. */
  inlineQuery(query: InlineQuery): Promise<CallOutcome> {
    return this.#ask<CallOutcome>({ type: "inlineQuery", query });
  }

  httpAction(request: HttpActionRequest): Promise<HttpActionOutcome> {
    return this.#ask<HttpActionOutcome>({ type: "httpAction", request });
  }

  /** @returns null if the job is no longer pending. */
  scheduled(component: ComponentPath, jobId: string): Promise<CallOutcome | null> {
    return this.#ask<CallOutcome | null>({ type: "scheduled", component, jobId });
  }

  /** @returns the id of the file's document. */
  storeFile(component: ComponentPath, file: StoredFile): Promise<string> {
    return this.#ask<string>({ type: "storeFile", component, file });
  }

  /** Writes the documents of an import in one transaction, however long it takes. */
  importTables(tables: TableImport[]): Promise<ImportOutcome> {
    return this.#ask<ImportOutcome>({ type: "import", tables });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#storeHeard();
    this.#watchdog?.stop();
    this.#port.close();
    await this.#worker.terminate();
  }

  #ask<Result>(unsent: Unsent<EngineRequest>): Promise<Result> {
    const id = this.#nextId++;
    const request = { ...unsent, id };
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const answer = this.#pending.add<Result>(request);
    this.#port.postMessage(request);
    return answer;
  }

  #startWorker(): void {
    const { port1, port2 } = new MessageChannel();
    const shared = new SharedArrayBuffer(Object.keys(SharedSlot).length * 4);
    const blobChannel = new MessageChannel();
    serveBlobs(blobChannel.port1, this.#blobs);
    const workerData: WorkerStart = {
      port: port2,
      shared,
      snapshot: this.#store.snapshot(),
      isKept: this.#store.isKept,
      blobs: blobChannel.port2,
      uploadSecret: this.#uploadSecret,
    };
    const ports = [port2, blobChannel.port2];
    const worker = startThread(new URL("./worker.ts", import.meta.url), workerData, ports);
    this.#port = port1;
    this.#slots = new Int32Array(shared);
    this.#worker = worker;
    port1.on("message", (reply: EngineReply) => {
      if (port1 === this.#port) this.#hear(reply);
    });
    let reason: unknown = "it ended at once";
    worker.on("error", (error) => (reason = error));
    worker.on("exit", () => {
      if (worker !== this.#worker || this.#isClosed) return;
      if (this.#watchdog === null) this.#giveUp(reason);
      else this.#replaceWorker("The function ended the deployment's worker.");
    });
  }

  /** What comes after a commit may know of it, and waits until it is stored; commits of one turn are stored together. */
  #hear(reply: EngineReply): void {
    this.#heard.push(reply);
    if (commitOf(reply) === null || !this.#store.isKept) {
      if (this.#heard.length === 1) this.#storeHeard();
    } else if (this.#heard.length === 1) setImmediate(() => this.#storeHeard());
  }

  #storeHeard(): void {
    const replies = this.#heard;
    this.#heard = [];
    const commits = replies.map(commitOf).filter((commit) => commit !== null);
    if (commits.length > 0) {
      let applied: Commit[];
      try {
        applied = this.#store.apply(commits, this.#receiptsOf(replies));
      } catch (error) {
        this.#startAgain(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      for (const commit of applied) this.#onCommit(commit);
    }
    for (const reply of replies) this.#receive(reply);
  }

  #receiptsOf(replies: readonly EngineReply[]): StoredRecord[] {
    return replies.flatMap((reply) => {
      if (reply.type !== "result" || commitOf(reply) === null) return [];
      const request = this.#pending.requestOf(reply.id);
      const receipt = request?.type === "call" ? request.call.receipt : undefined;
      if (receipt === undefined) return [];
      return [this.#receiptOf(receipt, reply.result as CallOutcome)];
    });
  }

  /** The worker has documents that could not be stored: everything that it knows may rest on them. */
  #startAgain(error: Error): void {
    this.#watchdog?.stop();
    this.#watchdog = null;
    const old = this.#worker;
    this.#port.close();
    this.#pending.rejectAll(error);
    this.#startWorker();
    void old.terminate();
    this.#deployAgain();
  }

  #receive(reply: EngineReply): void {
    switch (reply.type) {
      case "ready":
        this.#watchdog = new Watchdog(this.#slots, this.#transactionMs, (message) =>
          this.#replaceWorker(message),
        );
        return;
      case "stray":
        this.#onStray(reply.message);
        return;
      case "actionStarted":
        this.#pending.markAsAction(reply.id);
        return;
      case "commit":
        return;
      case "untilStored":
        this.#port.postMessage({ type: "stored", id: reply.id } satisfies EngineRequest);
        return;
      case "failed":
        this.#pending.reject(reply.id, new Error(reply.message));
        return;
      case "result":
        this.#pending.resolve(reply.id, reply.result);
    }
  }

  /** A thread that cannot even start would not start the next time either. */
  #giveUp(reason: unknown): void {
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    this.#broken = new Error(`The engine's thread could not be started: ${text}`);
    this.#pending.rejectAll(this.#broken);
  }

  /** Ends the thread, answers for what was running in it, and gives the rest to a new one. */
  #replaceWorker(message: string): void {
    this.#watchdog?.stop();
    this.#watchdog = null;
    const old = this.#worker;
    for (let next = receiveMessageOnPort(this.#port); next !== undefined;) {
      this.#hear(next.message as EngineReply);
      next = receiveMessageOnPort(this.#port);
    }
    this.#storeHeard();
    if (old !== this.#worker) return;
    const culprit = Atomics.load(this.#slots, SharedSlot.current);
    this.#port.close();
    this.#startWorker();
    void old.terminate();
    this.#deployAgain();
    const toRepeat = this.#pending.settleInterrupted({ culprit, message, ts: this.#store.ts });
    for (const request of toRepeat) this.#port.postMessage(request);
  }

  #deployAgain(): void {
    if (this.#code === null) return;
    const request = { type: "deploy", id: this.#nextId++, code: this.#code } as const;
    this.#port.postMessage(request);
  }
}

function commitOf(reply: EngineReply): CountedCommit | null {
  if (reply.type === "commit") return reply.commit;
  return reply.type === "result" ? (reply.commit ?? null) : null;
}
