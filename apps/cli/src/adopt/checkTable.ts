import {
  type AdoptionMapping,
  type AdoptionPlan,
  DEFAULT_ADOPTION_MAPPING,
  describeIssues,
  mapStatus,
  mapUrlField,
  type OldVideo,
  planAdoption,
  type VideoStatus,
} from "@klipstream/contract";
import { z } from "zod";

import type { AdminClient } from "../deployment/adminClient.ts";
import type { DraftMapping } from "./mappingFile.ts";

const PAGE_SIZE = 500;

const pageSchema = z.object({
  page: z.array(z.record(z.string(), z.unknown())),
  isDone: z.boolean(),
  continueCursor: z.string(),
});

/** What the table holds, and what adopting would make of it. */
export type TableCheck = {
  documents: number;
  /** Documents that need no change, that would change, and that cannot be adopted. */
  fits: number;
  becomes: number;
  problems: { id: string; message: string }[];
  /** Each status in the table: how often, and what it becomes; null where the mapping has no entry. */
  statuses: { status: string; count: number; becomes: VideoStatus | null }[];
  /** Each field that is not one of ours: how often, and the artifact URL that it becomes; null: kept as it is. */
  fields: { field: string; count: number; becomes: string | null }[];
  /** Twitch IDs of several documents: the newest becomes the video, the others go into its history. */
  duplicates: { twitchId: string; count: number }[];
  /** The mapping file, with an entry for each word of the table. */
  mapping: DraftMapping;
};

/**
 * Reads the whole table. Changes nothing.
 *
 * @param onPlan - Told of each document and its plan.
 * @throws CliError when the deployment refuses or cannot be reached.
 */
export async function checkTable(
  admin: AdminClient,
  draft: DraftMapping,
  onPlan: (document: OldVideo, plan: AdoptionPlan) => void = () => undefined,
): Promise<TableCheck> {
  const mapping = withDefaults(draft);
  const plans = { fits: 0, becomes: 0, problem: 0 };
  const problems: TableCheck["problems"] = [];
  const [statuses, fields, twitchIds] = [new Counter(), new Counter(), new Counter()];
  for await (const document of readTable(admin)) {
    const plan = planAdoption(document, mapping);
    onPlan(document, plan);
    plans[plan.kind] += 1;
    if (plan.kind === "problem")
      problems.push({ id: String(document["_id"]), message: describeIssues(plan.issues) });
    if (plan.kind === "fits") continue;
    if (typeof document["status"] === "string") statuses.add(document["status"]);
    if (plan.kind !== "becomes") continue;
    twitchIds.add(plan.video.twitchId);
    for (const field of fieldsToTell(document, plan.legacy, mapping)) fields.add(field);
  }
  const seen = statuses.entries();
  return {
    documents: plans.fits + plans.becomes + plans.problem,
    fits: plans.fits,
    becomes: plans.becomes,
    problems,
    statuses: seen.map(([status, count]) => ({
      status,
      count,
      becomes: mapStatus(status, mapping),
    })),
    fields: fields.entries().map(([field, count]) => ({
      field,
      count,
      becomes: mapUrlField(field, mapping),
    })),
    duplicates: twitchIds
      .entries()
      .filter(([, count]) => count > 1)
      .map(([twitchId, count]) => ({ twitchId, count })),
    mapping: draftFor(
      seen.map(([status]) => status),
      draft,
      mapping,
    ),
  };
}

async function* readTable(admin: AdminClient): AsyncGenerator<OldVideo> {
  for (let cursor: string | null = null; ;) {
    const paginationOpts = { numItems: PAGE_SIZE, cursor };
    const args = { table: "videos", order: "asc", paginationOpts };
    const result = pageSchema.parse(await admin.query("_system/cli/tableData", args));
    yield* result.page;
    if (result.isDone) return;
    cursor = result.continueCursor;
  }
}

/** The file's entries replace the known words. An entry that it leaves open stays open. */
function withDefaults({ statuses, urls }: DraftMapping): AdoptionMapping {
  const filled = Object.entries(statuses).filter(
    (entry): entry is [string, VideoStatus] => entry[1] !== null,
  );
  const known = Object.entries(DEFAULT_ADOPTION_MAPPING.statuses).filter(
    ([status]) => !Object.hasOwn(statuses, status),
  );
  return {
    statuses: Object.fromEntries([...known, ...filled]),
    urls: { ...DEFAULT_ADOPTION_MAPPING.urls, ...urls },
  };
}

function draftFor(seen: string[], draft: DraftMapping, mapping: AdoptionMapping): DraftMapping {
  const unknown = seen.filter((status) => mapStatus(status, mapping) === null);
  return {
    statuses: {
      ...mapping.statuses,
      ...draft.statuses,
      ...Object.fromEntries(unknown.map((status) => [status, null])),
    },
    urls: mapping.urls,
  };
}

function fieldsToTell(document: OldVideo, legacy: object, mapping: AdoptionMapping): string[] {
  const renamed = Object.keys(document).filter((field) => Object.hasOwn(mapping.urls, field));
  return [...new Set([...Object.keys(legacy), ...renamed])];
}

class Counter {
  readonly #counts = new Map<string, number>();

  add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Most frequent first. */
  entries(): [string, number][] {
    return [...this.#counts].sort(([, a], [, b]) => b - a);
  }
}
