import { convexTest } from "convex-test";

import { splitTable, type ComponentPath } from "../documents/componentTables.ts";
import type { Counters, Document, DocumentChange, Snapshot } from "../documents/documentStore.ts";
import {
  internalsOf,
  NO_MODULES,
  type EngineDatabase,
  type EngineInternals,
  type EngineTest,
  type LoadModule,
} from "./convexTestInternals.ts";
import type { SchemaJson } from "./engineCode.ts";
import { IndexedDatabase } from "./engineDatabase.ts";
import { PlatformError } from "./functionErrors.ts";
import type { FunctionRegistry } from "./functionRegistry.ts";
import { requestContext } from "./requestContext.ts";

/** A module of every component whose one function runs what the request wants to run inside of the component. */
const INSIDE = "!inside";

type EngineComponent = {
  database: EngineDatabase;
  indexed: IndexedDatabase;
  functions: FunctionRegistry | null;
};

/** The app and its components: a database and functions each, and transactions that span them all. */
export class EngineComponents {
  readonly test: EngineTest;
  readonly internals: EngineInternals;
  readonly #components = new Map<ComponentPath, EngineComponent>();
  readonly #counters: Counters;
  #changes: DocumentChange[] = [];

  constructor(
    snapshot: Snapshot,
    onCommit: (changes: DocumentChange[], counters: Counters) => void,
  ) {
    const options = { modules: NO_MODULES, transactionLimits: true } as const;
    this.test = convexTest(options) as unknown as EngineTest;
    this.internals = internalsOf(this.test);
    this.internals.transactions._lastCommitTs = snapshot.ts;
    this.#counters = { ...snapshot.counters };
    const documents = new Map<ComponentPath, Document[]>([["", []]]);
    for (const [table, each] of snapshot.tables) {
      const { component } = splitTable(table);
      documents.set(component, [...(documents.get(component) ?? []), ...each]);
    }
    for (const [path, each] of documents) this.#add(path, each);
    this.#watchCommits(onCommit);
  }

  database(path: ComponentPath): EngineDatabase {
    const component = this.#components.get(path);
    if (component === undefined) throw new PlatformError(`There is no component "${path}".`);
    return component.database;
  }

  /** Makes a component known, mounted or not. There must be no transaction. */
  ensure(path: ComponentPath): void {
    if (!this.#components.has(path)) this.#add(path, []);
  }

  functions(path: ComponentPath): FunctionRegistry | null {
    return this.#components.get(path)?.functions ?? null;
  }

  /** The component that answers an HTTP request, and the path and query that it is to see. */
  routeHttp({ path: asked, method }: { path: string; method: string }): {
    component: ComponentPath;
    path: string;
  } {
    const [pathname = "", ...query] = asked.split("?");
    let [component, path] = ["", pathname];
    for (;;) {
      const mount = this.functions(component)?.httpMount({ path, method }) ?? null;
      if (mount === null) return { component, path: [path, ...query].join("?") };
      ({ child: component, path } = mount);
    }
  }

  databases(): EngineDatabase[] {
    return [...this.#components.values()].map(({ database }) => database);
  }

  /** Takes over newly deployed code. The documents of a component that is no longer mounted stay. */
  deploy(
    deployed: ReadonlyMap<
      ComponentPath,
      { functions: FunctionRegistry; schema: SchemaJson | null }
    >,
  ): void {
    for (const path of deployed.keys()) this.ensure(path);
    for (const [path, component] of this.#components) {
      component.functions = deployed.get(path)?.functions ?? null;
      component.indexed.setSchema(deployed.get(path)?.schema ?? null);
    }
  }

  /** Runs queries against the documents of each component as an overlay makes them. */
  async withOverlays<T>(
    overlays: ReadonlyMap<ComponentPath, Record<string, Document | null>>,
    run: () => Promise<T>,
  ): Promise<T> {
    for (const [path, { database }] of this.#components)
      database.restoreWrites([overlays.get(path) ?? {}]);
    try {
      return await run();
    } finally {
      for (const database of this.databases()) database.restoreWrites([]);
    }
  }

  /** Runs something as an action of a component, so that what it calls is found there. */
  async inside<T>(componentPath: ComponentPath, run: () => Promise<T>): Promise<T> {
    if (componentPath === "") return await run();
    const results: T[] = [];
    const context = requestContext.getStore();
    if (context === undefined) throw new Error("There is no request to run this for.");
    const inside = async () => void results.push(await run());
    await requestContext.run({ ...context, inside }, () =>
      this.test.actionFromPath({ componentPath, udfPath: `${INSIDE}:default` }, {}),
    );
    return results[0] as T;
  }

  #add(path: ComponentPath, documents: Document[]): void {
    const database = this.internals.useComponent(path, this.#modulesOf(path));
    const indexed = new IndexedDatabase(path, database, {
      documents,
      // Not as arguments of one call: an import changes more documents than a call can have.
      onChanges: (changes) => {
        this.#changes = this.#changes.concat(changes);
      },
    });
    shareCounters(database, this.#counters);
    this.#components.set(path, { database, indexed, functions: null });
  }

  #modulesOf(component: ComponentPath): LoadModule {
    return (path) => {
      if (path === INSIDE) return Promise.resolve(INSIDE_MODULE);
      const module = this.functions(component)?.module(path);
      if (module !== undefined) return Promise.resolve(module);
      throw new PlatformError(
        `Could not find function for '${path}'. Did you forget to run \`npx convex dev\`?`,
      );
    };
  }

  /** Tells of a transaction's changes in all components at once. */
  #watchCommits(onCommit: (changes: DocumentChange[], counters: Counters) => void): void {
    const { transactions } = this.internals;
    const commit = transactions.commit.bind(transactions);
    transactions.commit = (isNested) => {
      const ts = commit(isNested);
      const changes = this.#changes;
      this.#changes = [];
      if (changes.length > 0) onCommit(changes, { ...this.#counters });
      return ts;
    };
  }
}

const INSIDE_MODULE = {
  default: {
    isAction: true,
    exportArgs: () => '{"type":"any"}',
    exportReturns: () => "null",
    _handler: async () => {
      await requestContext.getStore()?.inside?.();
      return null;
    },
  },
};

/** An id belongs to one document of the deployment, whatever component it is in. */
function shareCounters(database: EngineDatabase, counters: Counters): void {
  Object.defineProperty(database, "_nextDocId", {
    get: () => counters.nextDocId,
    set: (next: number) => (counters.nextDocId = next),
  });
  Object.defineProperty(database, "_lastCreationTime", {
    get: () => counters.lastCreationTime,
    set: (last: number) => (counters.lastCreationTime = last),
  });
}
