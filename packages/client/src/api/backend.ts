import { anyApi } from "convex/server";

import type { PublicFunctions } from "./publicFunctions.ts";

/** The backend's public functions, typed; at run time only their names. */
export const backend = anyApi as unknown as PublicFunctions;
