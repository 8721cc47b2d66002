import type { WebSocket } from "ws";

import type { LiveQueries } from "../deployment/liveQueries.ts";
import type { Identity, FunctionCall, Caller } from "../engine/callsAndOutcomes.ts";
import { ANONYMOUS } from "../engine/callsAndOutcomes.ts";
import { canonicalFunctionPath } from "../engine/functionPaths.ts";
import { RequestError, UNAVAILABLE } from "../requestError.ts";
import { argumentObject } from "../wire/functionRequests.ts";
import { parseJson } from "../wire/jsonBodies.ts";
import * as Wire from "../wire/syncMessages.ts";
import { decodeTimestamp } from "../wire/timestamps.ts";
import type { Served } from "./context.ts";
import { QuerySet } from "./querySet.ts";
import type { SocketFaults } from "./socketFaults.ts";

export type SessionParts = Served & {
  live: LiveQueries;
  faults: SocketFaults;
};

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** One WebSocket of a client: its identity, its query set and its running mutations. */
export class SyncSession {
  readonly #socket: WebSocket;
  readonly #parts: SessionParts;
  readonly #queries: QuerySet;
  #told: Wire.StateVersion = { querySet: 0, identity: 0, ts: 0n };
  #asked = { querySet: 0, identity: 0 };
  #owesTransition = false;
  #sessionId: string | null = null;
  #caller: Caller = ANONYMOUS;
  #expiry: NodeJS.Timeout | undefined;
  /** A refused client's further messages are not run: it must not go on as somebody else. */
  #isRefused = false;
  #messages: Promise<void> = Promise.resolve();
  #mutations: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket, parts: SessionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#queries = new QuerySet(parts.live);
    socket.on("message", (data: Buffer) => this.#receive(data.toString()));
    // What is wrong with the connection ends it: `close` follows.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#end());
  }

  /** Tells the client what has changed, if all its queries are up to date. */
  settle(): void {
    const { querySet, identity } = this.#asked;
    if (!this.#queries.isFresh) return;
    const isBehind = querySet !== this.#told.querySet || identity !== this.#told.identity;
    const modifications = this.#queries.takeChanges();
    if (modifications.length === 0 && !isBehind && !this.#owesTransition) return;
    this.#owesTransition = false;
    const end = { querySet, identity, ts: this.#parts.deployment.documents.ts };
    this.#send(Wire.transition(this.#told, end, modifications));
    this.#told = end;
  }

  ping(): void {
    this.#send(Wire.PING);
  }

  #receive(text: string): void {
    let message: Wire.ClientMessage;
    try {
      message = Wire.clientMessage.parse(parseJson(text));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail(`Received a message that is not of the sync protocol: ${reason}`);
      return;
    }
    // One after the other: what follows an Authenticate runs as that user.
    this.#messages = this.#messages
      .then(() => this.#handle(message))
      .catch((error: unknown) => {
        this.#fail(error instanceof Error ? error.message : String(error));
      });
  }

  async #handle(message: Wire.ClientMessage): Promise<void> {
    if (this.#isRefused) return;
    if (message.type !== "Connect" && this.#sessionId === null) {
      this.#fail("The first message must be Connect.");
      return;
    }
    switch (message.type) {
      case "Connect":
        this.#sessionId = message.sessionId;
        this.#parts.deployment.documents.sawTimestamp(
          decodeTimestamp(message.maxObservedTimestamp ?? "") ?? 0n,
        );
        return;
      case "ModifyQuerySet":
        this.#modify(message);
        return;
      case "Mutation":
      case "Action":
        this.#run(message);
        return;
      case "Authenticate":
        await this.#authenticate(message);
        return;
      case "Event":
        return;
    }
  }

  #modify({ baseVersion, newVersion, modifications }: Wire.ModifyQuerySet): void {
    if (baseVersion !== this.#asked.querySet) {
      this.#fail(
        `Base version ${baseVersion} passed up doesn't match the current version ${this.#asked.querySet}`,
      );
      return;
    }
    for (const each of modifications)
      if (each.type === "Remove") this.#queries.remove(each.queryId);
      else
        this.#queries.add(each.queryId, {
          call: this.#callOf("query", each),
          journal: each.journal ?? null,
        });
    this.#asked.querySet = newVersion;
    this.#parts.live.refresh();
  }

  #run(message: Wire.RunFunction): void {
    const { requestId } = message;
    const kind = message.type === "Mutation" ? "mutation" : "action";
    const call = this.#callOf(kind, message);
    const { deployment, faults } = this.#parts;
    const answer = async () => {
      if (this.#isRefused) return;
      const fault = await faults.meet(this.#socket, call.path);
      if (fault === "stop") return;
      const session = this.#sessionId ?? "";
      const given =
        kind === "mutation"
          ? await deployment.callOnce(call, session, requestId)
          : await deployment.call(call);
      if (fault === "cutAfter") {
        this.#socket.terminate();
        return;
      }
      const type = kind === "mutation" ? "MutationResponse" : "ActionResponse";
      this.#send(Wire.functionResponse(type, requestId, given));
      // A client resolves a mutation only with a transition that is as new as the mutation.
      this.#owesTransition = true;
      this.#parts.live.refresh();
    };
    const report = (error: unknown) => {
      if (error instanceof RequestError && error.status === UNAVAILABLE) this.#restart(error.code);
      else this.#fail(error instanceof Error ? error.message : String(error));
    };
    // Mutations of one client run in the order in which they were sent; actions do not wait.
    if (kind === "mutation") this.#mutations = this.#mutations.then(answer).catch(report);
    else answer().catch(report);
  }

  async #authenticate(message: Wire.Authenticate): Promise<void> {
    const { baseVersion } = message;
    if (baseVersion !== this.#asked.identity) {
      this.#fail(
        `Base version ${baseVersion} passed up doesn't match the current version ${this.#asked.identity}`,
      );
      return;
    }
    let expiresAt: number | null;
    try {
      ({ caller: this.#caller, expiresAt } = await this.#verify(message));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#refuse(Wire.authError(error.message, { baseVersion, isAttempt: true }));
      return;
    }
    this.#asked.identity = baseVersion + 1;
    this.#queries.runAs(this.#caller);
    this.#expireAt(expiresAt);
    this.#parts.live.refresh();
  }

  async #verify(message: Wire.Authenticate): Promise<{ caller: Caller; expiresAt: number | null }> {
    const { authenticator } = this.#parts;
    const { tokenType, value = "", impersonating } = message;
    if (tokenType === "None") return { caller: ANONYMOUS, expiresAt: null };
    if (tokenType === "User") return await authenticator.fromToken(value);
    const admin = authenticator.fromAdminKey(value);
    const identity = (impersonating as Identity | null | undefined) ?? admin.identity;
    return { caller: { ...admin, identity }, expiresAt: null };
  }

  #expireAt(expiresAt: number | null): void {
    clearTimeout(this.#expiry);
    if (expiresAt === null) return;
    const delay = Math.min(Math.max(0, expiresAt - Date.now()), LONGEST_TIMER_MS);
    this.#expiry = setTimeout(() => {
      const baseVersion = this.#asked.identity;
      this.#refuse(Wire.authError("Token expired", { baseVersion, isAttempt: false }));
    }, delay);
  }

  #refuse(authError: string): void {
    this.#isRefused = true;
    this.#send(authError);
    this.#socket.close(1008, "AuthError");
  }

  #callOf(
    kind: FunctionCall["kind"],
    asked: { udfPath: string; componentPath?: string | null | undefined; args: unknown[] },
  ): FunctionCall {
    const path = canonicalFunctionPath(asked.udfPath);
    const component = asked.componentPath ?? "";
    return {
      kind,
      component,
      path,
      args: JSON.stringify(argumentObject(asked.args)),
      caller: this.#caller,
    };
  }

  /** The client connects again, and sends again what was not answered. */
  #restart(reason: string): void {
    this.#isRefused = true;
    this.#socket.close(1011, reason);
  }

  #fail(error: string): void {
    this.#send(Wire.fatalError(error));
    this.#socket.close(1008, "FatalError");
  }

  #send(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  #end(): void {
    clearTimeout(this.#expiry);
    this.#queries.clear();
  }
}
