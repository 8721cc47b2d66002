import type { TokenSource } from "@klipstream/client";

import { FAIR, pause } from "./FaultProxy.ts";
import type { Finding } from "./finding.ts";
import { createMachine, createVideos, type Setting } from "./machine.ts";

const answer = (value: unknown) => () => Promise.resolve(value as string);
const SOURCES: [string, TokenSource][] = [
  ["an HTML page", answer("<html>\n<body>Bad gateway</body></html>")],
  ["an empty text", answer("")],
  ["null", answer(null)],
  ["an object", answer({ token: "x" })],
  ["a token of somebody else", answer("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln")],
  ["an error", () => Promise.reject(new Error("the vault is sealed"))],
  ["never", () => new Promise(() => undefined)],
];
const UPDATES = 5;
/** Longer than an attempt. */
const BROKEN_MS = 1000;

/** Token sources that answer rubbish, or never: updates wait for credentials, and are delivered once these are right. */
export async function breakTokenSources(setting: Setting): Promise<Finding> {
  const { proxy } = setting;
  proxy.weather = FAIR;
  const twitchIds = await createVideos(setting, 92_000, UPDATES);
  const wrong: string[] = [];
  for (const [name, tokenSource] of SOURCES) {
    const outbox = `tokens-${SOURCES.findIndex(([other]) => other === name)}.db`;
    let warnings = 0;
    const ignore = () => undefined;
    const warn = () => void (warnings += 1);
    const logger = { debug: ignore, info: ignore, warn, error: warn };
    const broken = createMachine(setting, outbox, { options: { tokenSource, logger } });
    for (const twitchId of twitchIds) await broken.updateVideoStatus(twitchId, "Downloading");
    await pause(BROKEN_MS);
    const { pending, deadLettered } = broken.stats();
    await broken.close({ timeoutMs: 0 });
    const mended = createMachine(setting, outbox);
    await mended.flush();
    const { acknowledged } = mended.stats();
    await mended.close();
    const isRight = pending === UPDATES && deadLettered === 0 && acknowledged === UPDATES;
    if (!isRight || warnings === 0) wrong.push(name);
  }
  return {
    promise: "a bad token source loses nothing",
    how: `sources that answer ${SOURCES.map(([name]) => name).join(", ")}; ${UPDATES} updates each`,
    figure:
      wrong.length === 0
        ? "all wait, are logged, and are delivered later"
        : `not so: ${wrong.join(", ")}`,
    kept: wrong.length === 0,
  };
}
