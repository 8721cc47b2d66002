import { FileQuestion, FileX } from "lucide-react";

import { Skeleton } from "../ui/Skeleton.tsx";
import type { Artifact } from "./useArtifact.ts";

/** What stands where an artifact cannot be shown (yet), and why. */
export function NotShown({
  artifact,
  name,
}: {
  artifact: Exclude<Artifact<unknown>, { kind: "ready" }>;
  name: string;
}) {
  if (artifact.kind === "loading")
    return (
      <div role="status">
        <span className="sr-only">Loading the {name} ...</span>
        <Skeleton className="h-24" />
      </div>
    );
  const Icon = artifact.kind === "absent" ? FileQuestion : FileX;
  return (
    <div
      role={artifact.kind === "failed" ? "alert" : undefined}
      className="flex items-center gap-3 rounded-lg bg-raised px-4 py-5 text-quiet"
    >
      <Icon aria-hidden="true" className="size-5 shrink-0" strokeWidth={1.5} />
      {artifact.kind === "absent" ? (
        <p>The {name} is not there yet.</p>
      ) : (
        <p>
          <strong className="font-medium text-ink">The {name} cannot be shown.</strong>{" "}
          {artifact.why}
        </p>
      )}
    </div>
  );
}
