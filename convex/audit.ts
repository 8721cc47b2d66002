import { v } from "convex/values";

import { internalQuery } from "./functions";
import * as Audit from "./model/audit";

/** The newest rows, newest first. */
export const list = internalQuery({
  args: { limit: v.number() },
  returns: v.array(Audit.vAuditRow),
  handler: (ctx, { limit }) => Audit.list(ctx, limit),
});
