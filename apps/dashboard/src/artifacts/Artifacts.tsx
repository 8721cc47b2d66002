import { ARTIFACT_URL_FIELDS, type ArtifactUrlField } from "@klipstream/contract";
import { ExternalLink } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";

import type { PublicVideo } from "../backend/api.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { linkOf } from "./artifactLink.ts";
import { ARTIFACT_NAMES } from "./artifactNames.ts";

const Previews = lazy(() => import("./Previews.tsx"));

/** The output files: a link to each, and below, once one scrolls there, what is in them. */
export function Artifacts({ video }: { video: PublicVideo }) {
  const hasSome = ARTIFACT_URL_FIELDS.some((field) => video[field] !== undefined);
  return (
    <>
      <section aria-labelledby="files" className="card overflow-hidden">
        <h2 id="files" className="border-b px-4 py-3 font-semibold sm:px-5">
          Output files
        </h2>
        <ul className="divide-y divide-line lg:grid lg:grid-cols-5 lg:divide-x lg:divide-y-0">
          {ARTIFACT_URL_FIELDS.map((field) => (
            <ArtifactRow key={field} field={field} url={video[field]} />
          ))}
        </ul>
      </section>
      {hasSome && (
        <WhenSeen>
          <Suspense fallback={<Skeleton className="h-72" />}>
            <Previews video={video} />
          </Suspense>
        </WhenSeen>
      )}
    </>
  );
}

function ArtifactRow({ field, url }: { field: ArtifactUrlField; url: string | undefined }) {
  const { name, what, Icon } = ARTIFACT_NAMES[field];
  return (
    <li className="flex min-w-0 items-center gap-3 px-4 py-3 sm:px-5 lg:flex-col lg:items-start lg:gap-2 lg:py-4">
      <Icon
        aria-hidden="true"
        className={`size-5 shrink-0 ${url === undefined ? "text-control" : "text-accent"}`}
        strokeWidth={1.75}
      />
      <div className="min-w-0 flex-1 lg:w-full">
        <p className={url === undefined ? "text-quiet" : "font-medium"}>{name}</p>
        <p className="text-xs text-quiet max-lg:truncate">{what}</p>
      </div>
      {url === undefined ? (
        <span className="text-sm text-quiet">not yet</span>
      ) : (
        <ArtifactAddress name={name} url={url} />
      )}
    </li>
  );
}

function ArtifactAddress({ name, url }: { name: string; url: string }) {
  const link = linkOf(url);
  if (link.kind === "web")
    return (
      <a
        href={link.href}
        target="_blank"
        rel="noreferrer"
        className="inline-flex min-h-6 items-center gap-1 font-medium text-accent hover:underline"
      >
        Open<span className="sr-only"> {name}</span>
        <ExternalLink aria-hidden="true" className="size-3.5" />
      </a>
    );
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1 max-lg:justify-end lg:w-full">
      <span
        className="max-w-40 truncate font-mono text-xs text-quiet sm:max-w-xs lg:max-w-full"
        title={link.text}
      >
        {link.text}
      </span>
      {link.kind === "store" ? (
        <CopyButton text={link.text} label="Copy" />
      ) : (
        <span className="shrink-0 text-xs font-medium text-bad">not an allowed address</span>
      )}
    </div>
  );
}

/** Draws its children once they are near the window: what they fetch is fetched for those who look. */
function WhenSeen({ children }: { children: React.ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const [isSeen, setIsSeen] = useState(false);
  useEffect(() => {
    if (place.current === null) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setIsSeen(true);
      },
      { rootMargin: "200px" },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={place} className="min-h-72">
      {isSeen && children}
    </div>
  );
}
