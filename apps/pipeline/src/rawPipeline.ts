/** The raw part of the pipeline: `node --import tsx rawPipeline.ts <VOD folder>`. */
import { runProgram } from "./program.ts";
import { rawStages } from "./stages/rawStages.ts";
import { openVodFolder } from "./vod/vodFolder.ts";

process.exitCode = await runProgram({
  argument: "rawPipeline <VOD folder>",
  prepare: async (folder) => {
    const vod = await openVodFolder(folder);
    return { twitchId: vod.twitchId, stages: rawStages(vod) };
  },
});
