/** What goes wrong with a request. */
export type Fault =
  | {
      /** Answer with this HTTP status, and do nothing. Over the WebSocket: refuse the connection, or close it. */
      status: number;
      headers?: Record<string, string>;
      body?: string;
    }
  /** Wait this long, in ms, then go on. */
  | { delayMs: number }
  /** Never answer, and do nothing. */
  | { hang: true }
  /** Close the connection before anything is done, or after it is done and before it is answered. */
  | { cut: "beforeCommit" | "afterCommit" };

/** A fault, and the requests that meet it. */
export type FaultRule = Fault & {
  /** The URL's path, for example `/api/mutation` or `/api/1.48.0/sync`. @default any */
  path?: string | RegExp;
  /** The function that is called, as `module:export`. @default any, also requests that call none */
  function?: string | RegExp;
  /** How many matching requests go through first. @default 0 */
  skip?: number;
  /** How many requests meet the fault, before the rule is used up. @default all */
  times?: number;
};

/** `isMessage`: on an open WebSocket, where only rules that name a function apply. */
export type FaultTarget = { path: string; function: string | null; isMessage?: boolean };

/** Scripts what a network does: the first rule that matches a request, and is not used up, is its fault. */
export class Faults {
  #rules: { rule: FaultRule; skip: number; times: number }[] = [];
  #hits = 0;

  constructor(rules: readonly FaultRule[] = []) {
    this.set(rules);
  }

  /** How many requests have met a fault since the rules were set. */
  get hits(): number {
    return this.#hits;
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** Replaces the rules. */
  set(rules: readonly FaultRule[]): void {
    this.#hits = 0;
    this.#rules = rules.map((rule) => ({
      rule,
      skip: rule.skip ?? 0,
      times: rule.times ?? Infinity,
    }));
  }

  clear(): void {
    this.set([]);
  }

  /** The fault that a request meets, which counts as one of its rule's times; or null. */
  take(target: FaultTarget): Fault | null {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!fits(rule.path, target.path) || !fits(rule.function, target.function)) continue;
      if (entry.times <= 0 || (target.isMessage === true && rule.function === undefined)) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.times -= 1;
      this.#hits += 1;
      return rule;
    }
    return null;
  }
}

function fits(pattern: string | RegExp | undefined, value: string | null): boolean {
  if (pattern === undefined) return true;
  if (value === null) return false;
  return typeof pattern === "string" ? pattern === value : pattern.test(value);
}
