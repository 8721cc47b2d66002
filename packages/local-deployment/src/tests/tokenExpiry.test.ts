import { expect, it } from "vitest";
import { WebSocket } from "ws";

import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";
import { TokenIssuer } from "./tokenIssuer.ts";

it("a socket whose token ends is told so, and is nobody from then on", async () => {
  const issuer = await TokenIssuer.create("https://issuer.test", "notes");
  await using run = await ProjectRun.deployed({
    ...NOTES_PROJECT,
    "convex/auth.config.ts": issuer.authConfig,
  });
  const socket = new WebSocket(`${run.url.replace("http", "ws")}/api/sync`);
  const seen: { type: string; authUpdateAttempted?: boolean }[] = [];
  socket.on("message", (data: Buffer) =>
    seen.push(JSON.parse(data.toString()) as (typeof seen)[0]),
  );
  await new Promise((resolve) => socket.once("open", resolve));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const value = await issuer.token({}, { expiresInS: 1 });
  for (const message of [
    { type: "Connect", sessionId: "s", connectionCount: 0, lastCloseReason: null },
    { type: "Authenticate", tokenType: "User", baseVersion: 0, value },
  ])
    socket.send(JSON.stringify(message));
  await closed;
  expect(seen.map(({ type }) => type)).toEqual(["Transition", "AuthError"]);
  expect(seen[1]).toMatchObject({ authUpdateAttempted: false, baseVersion: 1 });
});
