/** The analysis part of the pipeline, after the raw part: `node --import tsx analysisPipeline.ts <Twitch ID>`. */
import { parseTwitchId, STATUS_COMPLETED } from "@klipstream/contract";

import { RawArtifactError, readRawArtifacts } from "./artifacts/rawArtifacts.ts";
import { runProgram } from "./program.ts";
import { analysisStages } from "./stages/analysisStages.ts";

process.exitCode = await runProgram({
  argument: "analysisPipeline <Twitch ID>",
  prepare: async (text, store) => {
    const twitchId = parseTwitchId(text);
    if (twitchId === null) throw new RawArtifactError(`${JSON.stringify(text)} is not a Twitch ID`);
    return { twitchId, stages: analysisStages(twitchId, await readRawArtifacts(store, twitchId)) };
  },
  finalStatus: STATUS_COMPLETED,
});
