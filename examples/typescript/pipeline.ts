/** A short pipeline on Convex's own HTTP client. It does not know whether a relay is in between. */
import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";

const [twitchId] = process.argv.slice(2);
const client = new ConvexHttpClient(process.env["CONVEX_URL"] ?? "");
const { video } = anyApi;

const setStatus = (status: string) =>
  client.mutation(video.updateStatusByTwitchId, { twitchId, status });
const setUrl = (field: string) =>
  client.mutation(video.updateUrls, {
    twitchId,
    urls: { [field]: `https://files.example/${twitchId}/${field}` },
  });

await setStatus("Downloading");
await setStatus("Fetching chat");
// ... the work itself, and the upload of what it made ...
await setUrl("chatUrl");
await setStatus("Transcribing");
await setUrl("transcriptUrl");
await setStatus("Completed");

const { status } = await client.query(video.getByTwitchIdPublic, { twitchId });
process.stdout.write(`${twitchId}: ${status}\n`);
