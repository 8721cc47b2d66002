import { zodToConvex } from "convex-helpers/server/zod4";
import { z } from "zod";

import { VIDEO_STATUSES } from "./statuses.ts";

const QUOTED_STATUSES = VIDEO_STATUSES.map((status) => `"${status}"`).join(", ");

/** Of what was sent instead of a status, this much is repeated in the refusal. */
const SHOWN_LENGTH = 60;

/** A status, spelt exactly; the message of a refusal lists the eight. */
export const videoStatusSchema = z.enum(VIDEO_STATUSES, {
  error: ({ input }) => {
    const isPlain = ["string", "number", "boolean", "undefined"].includes(typeof input);
    // Of the rest not all can be written: a bigint, a symbol, an object that holds itself.
    const shown = isPlain || input === null ? JSON.stringify(input ?? null) : `a ${typeof input}`;
    return `${shown.slice(0, SHOWN_LENGTH)} is not a status; use one of ${QUOTED_STATUSES}`;
  },
});

/** A stored or returned status. */
export const vVideoStatus = zodToConvex(videoStatusSchema);
