/** What has to be given back at the end, whatever happens in between; the newest first. */
export class Resources {
  readonly #closers: (() => Promise<void>)[] = [];

  add<T extends { close(): Promise<void> }>(resource: T): T {
    this.#closers.push(() => resource.close());
    return resource;
  }

  /** Closes everything, also when some of it fails; rejects with what failed. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse())
      await close().catch((cause: unknown) => failures.push(cause));
    if (failures.length > 0) throw new AggregateError(failures, "could not clean up");
  }
}
