import { type AdoptionMapping, adoptionMappingSchema } from "@klipstream/contract";

import mapping from "./adoption.mapping.json";

/**
 * How far this deployment is in taking over a `videos` table that existed before:
 *
 * - `off`: there is none, or it is all done.
 * - `migrating`: old documents may stand in the table, and old pipelines write. Convex does not hold documents to the schema.
 * - `adopted`: every document fits the schema again. Old pipelines may still write in their words, and fields that nobody
 *   documented are still shown.
 *
 * Change it, and deploy; docs/adopting.md is the walk.
 */
export type AdoptionPhase = "off" | "migrating" | "adopted";

export const ADOPTION: AdoptionPhase = "off";

/** What old words mean; made and checked by `klipstream adopt --check`. */
export const MAPPING: AdoptionMapping = adoptionMappingSchema.parse(mapping);
