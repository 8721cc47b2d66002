import { once } from "node:events";

import { SqliteStore } from "@klipstream/client/internals";

import { DEPLOYMENT, NOW } from "./damagedFiles.ts";

/** Opens an outbox when it is told to, together with others, and accepts updates. Prints the ids of those that were accepted. */
const [path = "", name = "", count = ""] = process.argv.slice(2);
process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.unref();
const store = new SqliteStore(path);
for (let number = 0; number < Number(count); number++) {
  const update = { twitchId: "7", updateId: `${name}-${number}`, status: "Queued" as const };
  store.append({
    deployment: DEPLOYMENT,
    twitchId: "7",
    acceptedAt: NOW,
    acceptedUptime: null,
    content: { kind: "update", update: { ...update, ageMs: 0 }, createMissing: false },
  });
  process.stdout.write(`${update.updateId}\n`);
}
store.close();
process.exit(0);
