import { existsSync, readFileSync } from "node:fs";

import { updateIdOf } from "../entry.ts";
import { type RawRow, type RawValue, readPages, rowsOf } from "./rawPages.ts";
import { contentOf, type EntryRow } from "./rows.ts";

/** What could be read of a damaged outbox file. */
export type Salvage = {
  /** In their order. The content of some may be unreadable. */
  rows: EntryRow[];
  /** How many entries each deployment has acknowledged. */
  acknowledged: Map<string, number>;
  /** How many entries the books say that there were, acknowledged ones not counted; null where they cannot be read. */
  expected: number | null;
  /** How many entries it has accepted, as far as can be seen. */
  accepted: number;
};

/**
 * Reads a damaged outbox file row by row, also from what is left of earlier versions of its pages: where one page is damaged, they are
 * all that there is. So entries may come back that are delivered already; the backend knows their numbers and changes nothing.
 *
 * @param sourceId - The source of entries of file versions that had none.
 */
export function salvage(path: string, sourceId: string): Salvage {
  const [main, log] = [path, `${path}-wal`].map((file) =>
    existsSync(file) ? readFileSync(file) : Buffer.alloc(0),
  ) as [Buffer, Buffer];
  const raws = [...rowsOf(readPages(main, log))];
  const read = raws.flatMap((raw) => readEntryRow(raw, sourceId) ?? []);
  const deploymentOf = mender(read.map(({ deployment }) => deployment));
  const rows = new Map<string, EntryRow>();
  // Of several versions the newest that can be read. Numbers may be damaged, too: what can be read goes by its own id.
  for (const row of read) {
    const content = contentOf(row);
    if (content !== null)
      rows.set(updateIdOf(content), { ...row, deployment: deploymentOf(row.deployment) });
  }
  const readable = new Set([...rows.values()].map(({ seq }) => seq));
  for (const row of read)
    if (!readable.has(row.seq) && contentOf(row) === null)
      rows.set(`unreadable ${row.seq}`, { ...row, deployment: deploymentOf(row.deployment) });
  const books = new Map<string, Books>();
  for (const raw of raws) {
    const row = readBooks(raw);
    if (row === null) continue;
    const deployment = deploymentOf(row.deployment);
    if (row.accepted >= (books.get(deployment)?.accepted ?? 0)) books.set(deployment, row);
  }
  const sorted = [...rows.values()].sort((one, other) => one.seq - other.seq);
  const accepted = sum([...books.values()].map((one) => one.accepted)) ?? 0;
  return {
    rows: sorted,
    accepted: Math.max(accepted, sorted.at(-1)?.seq ?? 0),
    acknowledged: new Map([...books].map(([name, { acknowledged }]) => [name, acknowledged])),
    expected: sum([...books.values()].map(({ accepted, acknowledged }) => accepted - acknowledged)),
  };
}

type Books = { deployment: string; accepted: number; acknowledged: number };

/** A name that differs from a more frequent one in less than half of its letters is that one, damaged. */
function mender(names: readonly string[]): (name: string) => string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const byFrequency = [...counts].sort(([, one], [, other]) => other - one);
  return (name) => {
    const similar = byFrequency.find(
      ([other, count]) => count > (counts.get(name) ?? 0) && isSimilar(name, other),
    );
    return similar?.[0] ?? name;
  };
}

function isSimilar(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let different = 0;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) different += 1;
  return different < one.length / 2;
}

const sum = (numbers: readonly number[]) =>
  numbers.length === 0 ? null : numbers.reduce((total, number) => total + number, 0);

/** Version 1 and 2 have the first eight columns. */
const COLUMNS = [8, 14];

function readEntryRow({ rowid, values }: RawRow, sourceId: string): EntryRow | null {
  if (!COLUMNS.includes(values.length) || values[0] !== null) return null;
  const [, deployment, twitchId, content, acceptedAt, failures] = values;
  if (!isText(deployment) || !isText(twitchId) || !isText(content)) return null;
  if (typeof acceptedAt !== "number" || typeof failures !== "number") return null;
  if (!Number.isSafeInteger(rowid) || rowid < 1) return null;
  return {
    seq: rowid,
    deployment: toText(deployment),
    twitch_id: toText(twitchId),
    content: toText(content),
    accepted_at: acceptedAt,
    failures: Math.trunc(failures),
    dead_at: numberOrNull(values[6]),
    refusal: textOrNull(values[7]),
    source_id: textOrNull(values[8]) ?? sourceId,
    source_sequence: numberOrNull(values[9]) ?? rowid,
    uptime_origin: textOrNull(values[10]),
    uptime_ms: numberOrNull(values[11]),
    overtaken: values[12] === 1 ? 1 : 0,
    digest: textOrNull(values[13]),
  };
}

function readBooks({ values }: RawRow): Books | null {
  const [deployment, accepted, acknowledged] = values;
  if (values.length !== 3 || !isText(deployment)) return null;
  if (typeof accepted !== "number" || typeof acknowledged !== "number") return null;
  const isPlausible =
    Number.isSafeInteger(accepted) && acknowledged >= 0 && acknowledged <= accepted;
  return isPlausible ? { deployment: toText(deployment), accepted, acknowledged } : null;
}

function isText(value: RawValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** Bytes that are not UTF-8 become U+FFFD. */
function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function textOrNull(value: RawValue | undefined): string | null {
  return isText(value) ? toText(value) : null;
}

function numberOrNull(value: RawValue | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
