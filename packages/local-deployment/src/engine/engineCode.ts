import type { ComponentPath } from "../documents/componentTables.ts";
import type { ValidatorJson } from "../documents/validatorJson.ts";

export type SchemaJson = {
  tables: TableJson[];
  schemaValidation: boolean;
};
export type TableJson = {
  tableName: string;
  indexes: IndexJson[];
  searchIndexes?: SearchIndexJson[];
  vectorIndexes?: VectorIndexJson[];
  /** Indexes that are prepared, and cannot be queried yet. */
  stagedDbIndexes?: IndexJson[];
  stagedSearchIndexes?: SearchIndexJson[];
  stagedVectorIndexes?: VectorIndexJson[];
  documentType: ValidatorJson | null;
};
export type IndexJson = { indexDescriptor: string; fields: string[] };
export type SearchIndexJson = {
  indexDescriptor: string;
  searchField: string;
  filterFields: string[];
};
export type VectorIndexJson = {
  indexDescriptor: string;
  vectorField: string;
  dimensions: number;
  filterFields: string[];
};

/** Code that is deployed, as the engine needs it. */
export type EngineCode = {
  /** The folder that holds the modules. A new one for each change, as modules are never unloaded. */
  directory: string;
  env: Record<string, string>;
  /** Paths of the app's modules with `"use node"`; components have none. */
  nodeModules: string[];
  /** The app and its components. */
  components: ComponentCode[];
};

/** The code of one mount of a component, or of the app. */
export type ComponentCode = {
  path: ComponentPath;
  /** Where in the directory its modules are. */
  folder: string;
  /** Paths in the folder of the modules that define functions. */
  modules: string[];
  schema: SchemaJson | null;
  /** What its functions see in `process.env`; null for the app, which sees the deployment's. */
  env: Record<string, string> | null;
  httpMounts: HttpMount[];
};

/** A child component that answers HTTP requests below a prefix, which ends with a slash. */
export type HttpMount = { prefix: string; child: ComponentPath };
