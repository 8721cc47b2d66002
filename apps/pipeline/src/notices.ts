import { ARTIFACT_URL_FIELDS, VIDEO_STATUSES } from "@klipstream/contract";
import { z } from "zod";

const status = z.enum(VIDEO_STATUSES);

/** What a pipeline process tells whoever started it, over Node's IPC channel. */
export const noticeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("stageStarted"), status, attempt: z.number() }),
  z.object({ kind: z.literal("stageFailed"), status, reason: z.string(), willRetry: z.boolean() }),
  z.object({ kind: z.literal("artifactWritten"), field: z.enum(ARTIFACT_URL_FIELDS) }),
  z.object({
    kind: z.literal("updateHandedOver"),
    outcome: z.string(),
    what: z.string(),
    error: z.string().optional(),
  }),
  z.object({ kind: z.literal("finished"), pending: z.number() }),
]);

export type Notice = z.infer<typeof noticeSchema>;

export type Notify = (notice: Notice) => void;

/** Sends notices to the parent process where there is one that listens, and else prints them as lines on stdout. */
export const notifyParent: Notify = (notice) => {
  if (process.send !== undefined && process.connected) process.send(notice);
  else process.stdout.write(`${describe(notice)}\n`);
};

function describe(notice: Notice): string {
  switch (notice.kind) {
    case "stageStarted":
      return notice.attempt === 1 ? notice.status : `${notice.status} (attempt ${notice.attempt})`;
    case "stageFailed":
      return `${notice.status} failed${notice.willRetry ? ", will be retried" : ""}: ${notice.reason}`;
    case "artifactWritten":
      return `  wrote ${notice.field}`;
    case "updateHandedOver":
      return `  ${notice.what}: ${notice.outcome}${notice.error === undefined ? "" : ` (${notice.error})`}`;
    case "finished":
      return notice.pending === 0
        ? "done"
        : `done; ${notice.pending} updates wait in the outbox and are delivered by the next process that opens it`;
  }
}
