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
      ["the original's loop", "one update", round(held.seedPerUpdateMs)],
      ["ConvexHttpClient", "one update, at least", round(held.rawAtLeastMs)],
    ],
  };
}

async function drain(): Promise<Section> {
  const result = await measureDrain();
  return {
    title: `${result.updates} updates pending when the backend comes back`,
    method:
      "One run on one machine, against the local deployment. This client has all of them in its outbox; the raw ConvexHttpClient sends " +
      "as many one by one.",
    columns: ["client", "updates per second", "ratio"],
    rows: [
      ["@klipstream/client", round(result.clientPerSecond), round(result.ratio)],
      ["ConvexHttpClient", round(result.rawPerSecond), 1],
      [
        "@klipstream/client, accepting while the backend is away",
        round(result.acceptedPerSecond),
        "",
      ],
    ],
  };
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
