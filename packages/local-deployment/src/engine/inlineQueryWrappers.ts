/** What an inline query imports, as it has no `_generated` of its own. */
export { internalQueryGeneric as internalQuery, queryGeneric as query } from "convex/server";
