import { ConvexReactClient } from "convex/react";
import { anyApi } from "convex/server";
import { expect, it } from "vitest";
import { WebSocket } from "ws";

import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";
import { Updates } from "./updates.ts";

const notes = anyApi["notes"]!;

it("watches queries and runs mutations and actions", async () => {
  await using run = await ProjectRun.deployed(NOTES_PROJECT);
  const client = new ConvexReactClient(run.url, {
    logger: false,
    unsavedChangesWarning: false,
    webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
  });
  try {
    const updates = new Updates<number[]>();
    const watch = client.watchQuery(notes["ranks"]!, { owner: "react" });
    watch.onUpdate(() => updates.add((watch.localQueryResult() ?? []) as number[]));
    await updates.until((ranks) => ranks.length === 0);
    await client.mutation(notes["add"]!, { owner: "react", rank: 4 });
    await updates.until((ranks) => ranks.join() === "4");
    expect(await client.action(notes["clearNow"]!, {})).toBe(1);
    await updates.until((ranks) => ranks.length === 0);
  } finally {
    await client.close();
  }
});
