import { measureDrain } from "./drain.ts";
import { measureHeldCaller } from "./heldCaller.ts";
import type { Benchmark, Section } from "./section.ts";

export { measureDrain, measureHeldCaller };

const benchmark: Benchmark = {
  name: "delivery",
  run: async () => [await heldCaller(), await drain()],
};
export default benchmark;

async function heldCaller(): Promise<Section> {
  const held = await measureHeldCaller();
  return {
    title: "A backend that takes connections and never answers: how long it holds the caller",
    method:
      `One run on one machine. This client: ${held.updates} updates, defaults. The original's loop (3 attempts of 10 s, pauses of 1 s and ` +
      "2 s): 10 updates at a hundredth of its times, scaled up. The raw ConvexHttpClient has no timeout; it was watched for 5 s.",
    columns: ["client", "what", "milliseconds"],
    rows: [
      ["@klipstream/client", `${held.updates} updates, in all`, round(held.clientMs)],
      [
        "@klipstream/client",
        "one update once the outage is known, p50",
        round(held.clientKnownP50Ms),
      ],
      [
        "@klipstream/client",
        "one update once the outage is known, p99",
        round(held.clientKnownP99Ms),
      ],
      ["a bare 4 KiB write with fdatasync", "p50", round(held.bareWriteP50Ms)],
      ["a bare 4 KiB write with fdatasync", "p99", round(held.bareWriteP99Ms)],
      ["the original's loop", "one update", round(held.seedPerUpdateMs)],
      ["ConvexHttpClient", "one update, at least", round(held.rawAtLeastMs)],
    ],
  };
}

const NETWORKS_MS = [0, 20];

async function drain(): Promise<Section> {
  const rows: Section["rows"] = [];
  for (const networkMs of NETWORKS_MS) {
    const result = await measureDrain({ updates: 10_000, rawUpdates: 1000, networkMs });
    rows.push([
      `${networkMs} ms`,
      "@klipstream/client",
      round(result.clientPerSecond),
      round(result.ratio),
    ]);
    rows.push([`${networkMs} ms`, "ConvexHttpClient, one by one", round(result.rawPerSecond), 1]);
  }
  return {
    title: "10,000 updates pending when the backend comes back",
    method:
      "One run on one machine, against the local deployment, once beside it and once with each request 20 ms on its way. This client has " +
      "10,000 updates in its outbox; the raw ConvexHttpClient sends 1,000 one by one.",
    columns: ["distance", "client", "updates per second", "ratio"],
    rows,
  };
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
