import { cronJobs } from "convex/server";

import { internal } from "./_generated/api";
import { WORKING_STATUSES } from "./model/stalled";

const crons = cronJobs();

for (const status of WORKING_STATUSES)
  crons.interval(`mark stalled: ${status}`, { minutes: 5 }, internal.maintenance.markStalled, {
    status,
  });

crons.interval("prune events", { hours: 6 }, internal.maintenance.pruneEvents, {});

crons.interval("prune audit", { hours: 24 }, internal.maintenance.pruneAudit, {});

export default crons;
