import { describe, expect, it } from "vitest";

import { VirtualClock } from "../testing/VirtualClock.ts";
import {
  BACKEND_MOVES,
  CREDENTIALS_RETRY_MS,
  IN_FLIGHT_MAX_COUNT,
  LANE_MOVES,
  Traffic,
} from "./Traffic.ts";

const policy = { baseDelayMs: 500, maxDelayMs: 30_000 };

function setUp() {
  const clock = new VirtualClock();
  const traffic = new Traffic({ policy, random: () => 0, clock });
  const fail = (lane: string, isOwn = false) =>
    traffic.failed(lane, { isOwn, epoch: traffic.epoch });
  /** The lanes from which the next request may be filled by name, and whether it may come from any other. */
  const choices = () => {
    const all = [...traffic.choices()];
    const except = all.find((choice) => choice.except !== undefined)?.except;
    return {
      named: all.flatMap(({ lane }) => lane ?? []),
      except: except && [...except],
      limits: all.map(({ limit }) => limit),
    };
  };
  return { clock, traffic, fail, choices };
}

/** Brings lane `l` to a standing. */
const REACH = {
  fine: () => undefined,
  split: ({ traffic }) => traffic.batchFailed(["l", "m"]),
  doubted: ({ fail }) => fail("l"),
  blamed: ({ traffic, fail }) => {
    fail("l");
    traffic.through(["other"]);
  },
} as const satisfies Record<string, (parts: ReturnType<typeof setUp>) => unknown>;

const HAPPEN = {
  batchFails: ({ traffic }) => traffic.batchFailed(["l", "m"]),
  failsAlone: ({ fail }) => fail("l"),
  failsByItself: ({ fail }) => fail("l", true),
  anotherGetsThrough: ({ traffic }) => traffic.through(["other"]),
  outageEnds: ({ traffic, fail }) => {
    for (const lane of ["x", "y"]) fail(lane);
    expect(traffic.mode).toBe("away");
    traffic.through(["x"]);
  },
  getsThrough: ({ traffic }) => traffic.through(["l"]),
} as const satisfies Record<keyof typeof LANE_MOVES, (parts: ReturnType<typeof setUp>) => unknown>;

describe("the standing of a lane", () => {
  for (const [event, moves] of Object.entries(LANE_MOVES))
    it.each(Object.entries(moves))(`when ${event}: %s -> %s`, (from, to) => {
      const parts = setUp();
      REACH[from as keyof typeof REACH](parts);
      expect(parts.traffic.standingOf("l")).toBe(from);
      HAPPEN[event as keyof typeof HAPPEN](parts);
      expect(parts.traffic.standingOf("l")).toBe(to);
    });
});

/** Brings the backend to a mode. */
const REACH_MODE = {
  open: () => undefined,
  away: ({ fail }) => ["x", "y"].map((lane) => fail(lane)),
  paused: ({ traffic }) => traffic.pause(),
} as const satisfies Record<Traffic["mode"], (parts: ReturnType<typeof setUp>) => unknown>;

const HAPPEN_TO_BACKEND = {
  oneLaneFails: ({ fail }) => fail("l"),
  twoLanesFail: ({ fail }) => ["l", "m"].map((lane) => fail(lane)),
  refusesCredentials: ({ traffic }) => traffic.pause(),
  answers: ({ traffic }) => traffic.through(["l"]),
} as const satisfies Record<
  keyof typeof BACKEND_MOVES,
  (parts: ReturnType<typeof setUp>) => unknown
>;

describe("the mode of the backend", () => {
  for (const [event, moves] of Object.entries(BACKEND_MOVES))
    it.each(Object.entries(moves))(`when ${event}: %s -> %s`, (from, to) => {
      const parts = setUp();
      REACH_MODE[from as Traffic["mode"]](parts);
      expect(parts.traffic.mode).toBe(from);
      HAPPEN_TO_BACKEND[event as keyof typeof BACKEND_MOVES](parts);
      expect(parts.traffic.mode).toBe(to);
    });
});

describe("the backend", () => {
  it("that refuses the credentials is not asked sooner for a flush", () => {
    const { traffic } = setUp();
    traffic.pause();
    traffic.hurry();
    expect(traffic.nextChoiceAt()).toBe(CREDENTIALS_RETRY_MS);
  });

  it("has refused the credentials until something gets through, also when it is away since", () => {
    const { traffic, fail } = setUp();
    traffic.pause();
    for (const lane of ["l", "m"]) fail(lane);
    expect(traffic.areCredentialsRefused).toBe(true);
    expect(traffic.through(["l"])).toEqual({ wasAway: true, wereRefused: true });
    expect(traffic.areCredentialsRefused).toBe(false);
  });

  it("is open while only one lane fails, however often", () => {
    const { traffic, fail } = setUp();
    for (let count = 0; count < 20; count++) fail("l");
    expect(traffic.mode).toBe("open");
  });

  it("is away once two lanes fail and nothing gets through, and open again with the first that does", () => {
    const { traffic, fail } = setUp();
    fail("l");
    fail("m");
    expect(traffic.mode).toBe("away");
    traffic.through(["n"]);
    expect(traffic.mode).toBe("open");
  });

  it("is open though two lanes fail, if something gets through between them", () => {
    const { traffic, fail } = setUp();
    for (const lane of ["l", "m", "l", "m"]) {
      fail(lane);
      traffic.through(["n"]);
    }
    fail("l");
    fail("m");
    expect(traffic.mode).toBe("open");
  });

  it("that is away is not thought worse of for requests that had started before", () => {
    const { traffic, fail } = setUp();
    const { epoch } = traffic;
    fail("l");
    const { until } = fail("m");
    expect(traffic.failed("n", { isOwn: false, epoch })).toMatchObject({ until });
  });

  it("that is away gets one small probe when the wait is over, first from a lane that has not been tried", async () => {
    const { clock, traffic, fail, choices } = setUp();
    fail("l");
    fail("m");
    expect(choices()).toEqual({ named: [], except: undefined, limits: [] });
    await clock.advance(1000);
    expect(choices()).toEqual({ named: ["l", "m"], except: ["l", "m"], limits: [1, 1, 1] });
    traffic.started(["n"]);
    expect(choices().limits).toEqual([]);
    traffic.ended(["n"]);
    fail("l");
    await clock.advance(2000);
    expect(choices().named).toEqual(["m", "l"]);
  });

  it("that pauses for credentials gets one probe every 30 s", async () => {
    const { clock, traffic, choices } = setUp();
    traffic.pause();
    expect(traffic.nextChoiceAt()).toBe(CREDENTIALS_RETRY_MS);
    await clock.advance(CREDENTIALS_RETRY_MS);
    expect(choices().limits).toEqual([1]);
    traffic.failed("l", { isOwn: false, epoch: traffic.epoch });
    expect(traffic.mode).toBe("away");
  });
});

describe("a lane that fails", () => {
  it("leaves 3 of the 4 places to others, and is alone in its request", async () => {
    const { clock, traffic, fail, choices } = setUp();
    fail("l");
    traffic.through(["n"]);
    fail("m");
    traffic.through(["n"]);
    await clock.advance(1000);
    expect(choices().named).toEqual(["l", "m"]);
    traffic.started(["l"]);
    expect(choices()).toMatchObject({ named: [], except: ["l", "m"] });
    for (let place = 1; place < IN_FLIGHT_MAX_COUNT; place++) traffic.started(["n"]);
    expect(choices().limits).toEqual([]);
  });

  it("in a batch is tried at once and alone, together with the others of the batch", () => {
    const { traffic, choices } = setUp();
    traffic.batchFailed(["l", "m", "n"]);
    traffic.started(["l"]);
    expect(choices().named).toEqual(["m", "n"]);
  });

  it("waits longer each time, by itself, while others go on", () => {
    const { clock, traffic, fail } = setUp();
    fail("l");
    traffic.through(["n"]);
    const waits = Array.from({ length: 5 }, () => {
      const wait = fail("l");
      traffic.through(["n"]);
      return wait.until - clock.monotonic();
    });
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000]);
  });

  it("from which nothing can be claimed is looked at every second, and forgotten after 20", async () => {
    const { clock, traffic, choices } = setUp();
    traffic.batchFailed(["l", "m"]);
    for (let look = 0; look < 20; look++) {
      expect(choices().named).toContain("l");
      traffic.missed("l");
      expect(choices().named).toEqual(["m"]);
      await clock.advance(1000);
    }
    expect(traffic.standingOf("l")).toBe("fine");
  });
});

describe("the next look", () => {
  it("is not missed where its moment passes just after the choices were made", async () => {
    const { clock, traffic, fail } = setUp();
    fail("l");
    const { until } = fail("m");
    expect(traffic.mode).toBe("away");
    expect([...traffic.choices()]).toEqual([]);
    await clock.advance(until);
    expect(traffic.nextChoiceAt()).toBe(until);
    expect([...traffic.choices()]).not.toEqual([]);
    expect(traffic.nextChoiceAt()).toBeNull();
  });
});
