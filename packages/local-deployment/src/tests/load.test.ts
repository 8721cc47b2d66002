import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";

import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";

const SOCKETS = 50;
const SUBSCRIPTIONS_PER_SOCKET = 20;
const MUTATIONS = 200;

let run: ProjectRun;
beforeAll(async () => {
  run = await ProjectRun.deployed(NOTES_PROJECT);
});
afterAll(() => run[Symbol.asyncDispose]());

type Modification = { type: string; queryId: number; value: number[] };

/** A socket with 20 subscriptions, half of them to documents that all sockets share. */
class Subscriber {
  readonly newest = new Map<number, number>();
  readonly regressions: string[] = [];
  readonly #socket: WebSocket;
  #wake: () => void = () => undefined;

  constructor(readonly id: number) {
    this.#socket = new WebSocket(`${run.url.replace("http", "ws")}/api/sync`);
    this.#socket.on("message", (data: Buffer) => this.#receive(data.toString()));
    this.#socket.once("open", () => {
      const modifications = Array.from({ length: SUBSCRIPTIONS_PER_SOCKET }, (_, queryId) => ({
        type: "Add",
        queryId,
        udfPath: "notes:ranks",
        args: [{ owner: ownerOf(this.id, queryId) }],
      }));
      const connect = {
        type: "Connect",
        sessionId: `s${this.id}`,
        connectionCount: 0,
        lastCloseReason: null,
      };
      this.#socket.send(JSON.stringify(connect));
      this.#socket.send(
        JSON.stringify({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications }),
      );
    });
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  close(): void {
    this.#socket.terminate();
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as { type: string; modifications?: Modification[] };
    for (const { type, queryId, value } of message.modifications ?? []) {
      const [rank = 0] = value;
      if (type !== "QueryUpdated") this.regressions.push(`${queryId} failed`);
      if (rank < (this.newest.get(queryId) ?? 0)) this.regressions.push(`${queryId} went back`);
      this.newest.set(queryId, rank);
    }
    this.#wake();
  }
}

const SHARED_OWNERS = 10;
const ownerOf = (socket: number, queryId: number) =>
  queryId < SHARED_OWNERS ? `shared ${queryId}` : `own ${socket % 10} ${queryId}`;

it("1,000 subscriptions in 50 sockets see the final state of every one of 200 mutations, and never an older state after a newer one", async () => {
  const owners = new Set<string>();
  for (let socket = 0; socket < SOCKETS; socket++)
    for (let query = 0; query < SUBSCRIPTIONS_PER_SOCKET; query++)
      owners.add(ownerOf(socket, query));
  const ids = new Map<string, string>();
  for (const owner of owners) {
    const { body } = await run.post("/api/mutation", {
      path: "notes:add",
      args: { owner, rank: 0 },
    });
    ids.set(owner, (body as { value: string }).value);
  }
  const subscribers = Array.from({ length: SOCKETS }, (_, id) => new Subscriber(id));
  try {
    await Promise.all(
      subscribers.map((each) => each.until(() => each.newest.size === SUBSCRIPTIONS_PER_SOCKET)),
    );
    const names = [...owners];
    const final = new Map<string, number>(names.map((owner) => [owner, 0]));
    for (let rank = 1; rank <= MUTATIONS; rank++) {
      // Mostly documents that every socket watches, and now and then those that few do.
      const owner = names[rank % 3 === 0 ? (rank * 7) % names.length : rank % SHARED_OWNERS]!;
      final.set(owner, rank);
      const setRank = { path: "notes:setRank", args: { id: ids.get(owner), rank } };
      // Several at a time, but each document's in order.
      const done = run.post("/api/mutation", setRank);
      if (rank % 4 === 0) await done;
      else pending.push(done);
    }
    await Promise.all(pending);
    await Promise.all(
      subscribers.map((each) =>
        each.until(() =>
          [...each.newest].every(([query, rank]) => rank === final.get(ownerOf(each.id, query))),
        ),
      ),
    );
    expect(subscribers.flatMap(({ regressions }) => regressions)).toEqual([]);
  } finally {
    for (const each of subscribers) each.close();
  }
});

const pending: Promise<unknown>[] = [];
