import { type Entry, type Route, routeOf } from "./entry.ts";

/**
 * Fills a batch from free lanes, one after the other: of each lane a prefix, all of the route of the very first entry.
 * Order between lanes does not matter.
 */
export class Batch {
  readonly #limit: number;
  #route: Route | undefined;
  readonly entries: Entry[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get room(): number {
    if (this.#route === "rollback") return 0;
    return this.#limit - this.entries.length;
  }

  /**
   * Takes from the head of one lane what fits.
   *
   * @returns Whether it took anything: the lane is in the batch then.
   */
  take(lane: readonly Entry[]): boolean {
    const before = this.entries.length;
    for (const entry of lane) {
      const route = routeOf(entry.content);
      this.#route ??= route;
      if (route !== this.#route || this.entries.length >= this.#limit) break;
      this.entries.push(entry);
      // A rollback depends on what happened just before it: alone, so that its result is its own.
      if (route === "rollback") break;
    }
    return this.entries.length > before;
  }
}
