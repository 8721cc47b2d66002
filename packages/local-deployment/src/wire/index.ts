/** The formats of Convex's HTTP API, for other servers that speak it. */
export { canonicalFunctionPath } from "../engine/functionPaths.ts";
export { argumentObject, functionRequest, requireFormat, runRequest } from "./functionRequests.ts";
export { parseJsonBody, readText, type Received, receivedOf } from "./jsonBodies.ts";
export { badRequest, RequestError } from "../requestError.ts";
export type { ValueFormat } from "./values.ts";
