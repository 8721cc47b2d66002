import type { Experiment } from "../harness/experiment.ts";
import { dashboard } from "./dashboard.ts";
import { drain } from "./drain.ts";
import { durability } from "./durability.ts";
import { growthOfOutbox } from "./growthOfOutbox.ts";
import { growthOfVideos } from "./growthOfVideos.ts";
import { localDeployment } from "./localDeployment.ts";
import { outage } from "./outage.ts";
import { processedVod } from "./processedVod.ts";
import { relay } from "./relay.ts";
import { sizes } from "./sizes.ts";
import { starts } from "./starts.ts";
import { thousandVods } from "./thousandVods.ts";

/** All tables, in the order of the document. */
export const EXPERIMENTS: readonly Experiment[] = [
  processedVod,
  thousandVods,
  outage,
  drain,
  durability,
  relay,
  growthOfVideos,
  growthOfOutbox,
  localDeployment,
  starts,
  sizes,
  dashboard,
];
