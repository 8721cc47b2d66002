import { type Answer, success } from "./answers.ts";
import type { Relay } from "./relay.ts";

/** The one query that the relay answers itself while the backend is away. */
export const READ_FUNCTION = "video:getByTwitchIdPublic";

/** Says that an answer is from memory, and of when. The time is ISO 8601, as an HTTP date has no milliseconds. */
const AS_OF_HEADER = "X-Klipstream-As-Of";

/** Answers with the backend's video, or the last known one, with all that waits in the outbox laid over it. @throws KlipstreamError */
export async function readVideo(
  { manager, waitMs }: Relay,
  { twitchId }: Record<string, unknown>,
): Promise<Answer> {
  // Checked by the client, as every argument is.
  const { video, asOf } = await manager.lookUpVideo(twitchId as string, { waitMs });
  if (asOf === null) return success(video);
  return success(video, { [AS_OF_HEADER]: new Date(asOf).toISOString() });
}
