import { anyApi } from "convex/server";

import type { api } from "../../../../convex/_generated/api";

/** The backend's functions, typed by its generated code; at run time only their names. */
export const backend = anyApi as unknown as typeof api;
