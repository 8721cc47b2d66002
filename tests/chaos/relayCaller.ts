/**
 * A caller in TypeScript that knows Convex's HTTP API and nothing else. It reports of the videos that it is given, in order, and repeats each call until it
 * is answered with success; what was is one line on stdout: Twitch ID, key, and how often it was repeated. The end of stdin ends it.
 */
import { setTimeout as pause } from "node:timers/promises";

const STATUSES = ["Downloading", "Fetching chat", "Transcribing", "Analyzing"];
const TIMEOUT_MS = 10_000;
const REPEAT_MS = 30;
const PAUSE_MAX_MS = 100;

const { CONVEX_URL: url = "" } = process.env;
const twitchIds = process.argv.slice(2);
const videoIds = new Map<string, string>();
process.stdin.resume();

for (const twitchId of twitchIds) {
  const query = { path: "video:getByTwitchIdPublic", args: { twitchId } };
  const { value } = await callUntilAnswered("query", query);
  videoIds.set(twitchId, (value as { _id: string })._id);
}
for (let place = 0; !process.stdin.readableEnded; place++) {
  for (const twitchId of twitchIds) {
    const key = `${twitchId}-${place}`;
    const { repeats } = await callUntilAnswered("mutation", update(twitchId, place), key);
    process.stdout.write(`${twitchId} ${key} ${repeats}\n`);
    await pause(Math.random() * PAUSE_MAX_MS);
  }
}

type Call = { path: string; args: object };

/** Each differs from the one before, so that each leaves an event. */
function update(twitchId: string, place: number): Call {
  const status = STATUSES[place % STATUSES.length];
  if (place % 3 === 1) return { path: "video:updateStatusByTwitchId", args: { twitchId, status } };
  if (place % 3 === 2)
    return { path: "video:updateStatus", args: { id: videoIds.get(twitchId), status } };
  const urls = { chatUrl: `https://files.example/${twitchId}/${place}` };
  return { path: "video:updateUrls", args: { twitchId, urls } };
}

async function callUntilAnswered(kind: string, { path, args }: Call, key = "") {
  for (let repeats = 0; ; repeats++) {
    const answer = await post(`${url}/api/${kind}`, { path, args, format: "json" }, key);
    if (answer?.status === "success") return { value: answer.value, repeats };
    await pause(REPEAT_MS);
  }
}

type Answer = { status: string; value?: unknown };

/** Null where there is no answer, or nothing was accepted: the call may be repeated. Any other answer ends the caller. */
async function post(address: string, body: object, key: string): Promise<Answer | null> {
  const headers = {
    "content-type": "application/json",
    ...(key !== "" && { "idempotency-key": key }),
  };
  let httpStatus: number;
  let text: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(address, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      signal,
    });
    httpStatus = response.status;
    text = await response.text();
  } catch {
    return null;
  }
  if (httpStatus === 503) return null;
  const answer = JSON.parse(text) as Answer;
  if (httpStatus === 200 && answer.status === "success") return answer;
  throw new Error(`${JSON.stringify(body)}: HTTP ${httpStatus}: ${text}`);
}
