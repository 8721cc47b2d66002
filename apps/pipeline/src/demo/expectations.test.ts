import { describe, expect, it } from "vitest";

import { type Evidence, findProblems } from "./expectations.ts";
import type { Mishap } from "./plan.ts";
import type { StoredEvent } from "./plainHttp.ts";
import { summaryTable } from "./summary.ts";

const STEPS = [
  "Downloading",
  "Fetching chat",
  "Transcribing",
  "Analyzing",
  "Finding highlights",
  "Completed",
] as const;

function step(to: (typeof STEPS)[number], updateId: string = to): StoredEvent {
  return { kind: "updated", to, updateId, applied: true, actor: "demo-pipeline" };
}

/** Evidence of a run in which everything went well. */
function evidence(mishap: Mishap | null = null): Evidence {
  const urls = ["a", "b", "c", "d", "e"].map((updateId): StoredEvent => ({
    kind: "updated",
    updateId,
    urls: {},
    applied: true,
    actor: "demo-pipeline",
  }));
  return {
    planned: { name: "vod", vod: { path: "/vod", twitchId: "1", title: null }, mishap },
    run: {
      isWhole: true,
      exitCodes: { rawPipeline: 0, analysisPipeline: 0 },
      waited: 0,
      rejected: [],
      stderr: "",
    },
    video: { status: "Completed" },
    events: [
      { kind: "created", applied: true, actor: "demo-reader" },
      ...STEPS.map((status) => step(status)),
      ...urls,
    ],
    artifacts: {
      transcriptUrl: null,
      chatUrl: null,
      audiowaveUrl: null,
      transcriptAnalysisUrl: null,
      transcriptWordUrl: null,
    },
  };
}

describe("findProblems", () => {
  it("finds none where all is as it must be", () => {
    expect(findProblems(evidence())).toEqual([]);
  });

  it("a scripted failure must show as a rollback and a second attempt", () => {
    const failing = evidence({ kind: "stageFailsOnce", status: "Transcribing" });
    expect(findProblems(failing).join()).toContain("the history tells each step once and in order");

    const rollback: StoredEvent = { ...step("Fetching chat", "r"), kind: "rolledBack" };
    const again = step("Transcribing", "again");
    const events = failing.events.flatMap((event) =>
      event.to === "Transcribing" ? [event, rollback, again] : [event],
    );
    expect(findProblems({ ...failing, events })).toEqual([]);
  });

  it("a VOD that an earlier start had begun with needs no whole history, but must be complete", () => {
    const begun = { ...evidence(), run: { ...evidence().run, isWhole: false }, events: [] };
    expect(findProblems({ ...begun, run: evidence().run }).join()).toContain("the history");
    expect(findProblems(begun)).toEqual([]);
    expect(findProblems({ ...begun, video: null }).join()).toContain("the video is Completed");
  });

  const good = evidence();
  const rawFailed = { ...good.run, exitCodes: { rawPipeline: 1, analysisPipeline: null } };
  it.each<[string, Partial<Evidence>]>([
    ["raw 1, analysis not run", { run: rawFailed }],
    ["no update is refused: chatUrl: no", { run: { ...good.run, rejected: ["chatUrl: no"] } }],
    ["it is Analyzing", { video: { status: "Analyzing" } }],
    ["it is not there", { video: null }],
    ["chatUrl: is not set", { artifacts: { ...good.artifacts, chatUrl: "is not set" } }],
    ["expected created, Downloading", { events: good.events.toReversed() }],
    ["4 reports", { events: good.events.slice(0, -1) }],
    ["an update has two events", { events: [...good.events.slice(0, -1), good.events.at(-2)!] }],
    [
      "1 were superseded",
      { events: good.events.with(-1, { ...good.events.at(-1)!, applied: false }) },
    ],
    ["anonymous", { events: good.events.with(-1, { ...good.events.at(-1)!, actor: "anonymous" }) }],
    [
      "0 waited",
      { planned: { ...good.planned, mishap: { kind: "backendCutOff", status: "Queued" } } },
    ],
  ])("says %s", (message, wrong) => {
    expect(findProblems({ ...good, ...wrong }).join("\n")).toContain(message);
  });
});

describe("summaryTable", () => {
  it("has one row per video", () => {
    const [head, row, ...rest] = summaryTable([evidence()]).split("\n");
    expect(head).toMatch(
      /^video +Twitch ID +status +URLs +events +rollbacks +updates that had to wait$/,
    );
    expect(row).toMatch(/^vod +1 +Completed +5\/5 +12 +0 +0$/);
    expect(rest).toEqual([]);
  });
});
