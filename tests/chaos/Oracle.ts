import { type Backend, readEvents, type VideoEvent } from "./backend.ts";

/** What the parent knows of one order: it was accepted, it was not, or its worker died before saying. */
export type Verdict = "accepted" | "rejected" | "unknown";

export type Mistakes = {
  /** Accepted, but not recorded. */
  lost: string[];
  /** Recorded more than once. */
  twice: string[];
  /** Recorded though it was rejected. */
  ghosts: string[];
  /** Recorded after one that was accepted later. */
  inversions: string[];
  /** Recorded as superseded, though nothing newer was known. */
  superseded: string[];
};

/** The parent's own books: what was ordered, lane by lane, in order, and what was said to it. */
export class Oracle {
  readonly #lanes = new Map<string, { updateId: string; verdict: Verdict }[]>();
  accepted = 0;
  unknown = 0;

  note(twitchId: string, updateId: string, verdict: Verdict): void {
    const lane = this.#lanes.get(twitchId) ?? [];
    lane.push({ updateId, verdict });
    this.#lanes.set(twitchId, lane);
    if (verdict === "accepted") this.accepted += 1;
    if (verdict === "unknown") this.unknown += 1;
  }

  /** Compares the books with what the backend has recorded of each video that something was ordered for. */
  async findMistakes({ direct }: Backend): Promise<Mistakes> {
    const all = await Promise.all(
      [...this.#lanes.keys()].map(async (id) => this.#compare(id, await readEvents(direct, id))),
    );
    return {
      lost: all.flatMap(({ lost }) => lost),
      twice: all.flatMap(({ twice }) => twice),
      ghosts: all.flatMap(({ ghosts }) => ghosts),
      inversions: all.flatMap(({ inversions }) => inversions),
      superseded: all.flatMap(({ superseded }) => superseded),
    };
  }

  /** @param events - Oldest first. */
  #compare(twitchId: string, events: readonly VideoEvent[]): Mistakes {
    const lane = this.#lanes.get(twitchId) ?? [];
    const placeOf = new Map(lane.map(({ updateId }, place) => [updateId, place]));
    const recorded = events.flatMap(({ updateId, applied }) =>
      updateId === undefined ? [] : [{ updateId, applied }],
    );
    const ids = recorded.map(({ updateId }) => updateId);
    const places = ids.map((updateId) => placeOf.get(updateId) ?? -1);
    const of = (verdict: Verdict) =>
      lane.filter((order) => order.verdict === verdict).map(({ updateId }) => updateId);
    return {
      lost: of("accepted").filter((updateId) => !ids.includes(updateId)),
      twice: ids.filter((updateId, index) => ids.indexOf(updateId) !== index),
      ghosts: of("rejected").filter((updateId) => ids.includes(updateId)),
      inversions: ids.filter((_id, index) => index > 0 && places[index]! < places[index - 1]!),
      superseded: recorded.filter(({ applied }) => !applied).map(({ updateId }) => updateId),
    };
  }
}
