/** A short pipeline on Convex's own HTTP client. It does not know whether a relay is in between. */
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";

const [twitchId] = process.argv.slice(2);
const client = new ConvexHttpClient(process.env["CONVEX_URL"] ?? "");
const updateStatus = makeFunctionReference<"mutation">("video:updateStatusByTwitchId");
const updateUrls = makeFunctionReference<"mutation">("video:updateUrls");
const getVideo = makeFunctionReference<"query">("video:getByTwitchIdPublic");

const setStatus = (status: string) => client.mutation(updateStatus, { twitchId, status });
const setUrl = (field: string) =>
  client.mutation(updateUrls, {
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

const video = (await client.query(getVideo, { twitchId })) as { status: string } | null;
process.stdout.write(`${twitchId}: ${video?.status}\n`);
