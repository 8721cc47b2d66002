import { zodToConvex } from "convex-helpers/server/zod4";
import { z } from "zod";

import { TWITCH_ID_PATTERN } from "./twitchIds.ts";

/** A Twitch ID as it is stored and sent: digits only. */
export const twitchIdSchema = z
  .string()
  .regex(TWITCH_ID_PATTERN, "must be a Twitch ID: 1 to 20 digits, without the leading v");

export const vTwitchId = zodToConvex(twitchIdSchema);
