import type { Experiment } from "../harness/experiment.ts";
import { drain } from "./drain.ts";
import { durability } from "./durability.ts";
import { growthOfVideos } from "./growthOfVideos.ts";
import { outage } from "./outage.ts";
import { processedVod } from "./processedVod.ts";
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
  growthOfVideos,
  starts,
  sizes,
];
