import { STATUS_FAILED, VIDEO_STATUSES, type VideoStatus } from "@klipstream/contract";
import { useQuery } from "convex/react";
import { LayoutList, type LucideIcon } from "lucide-react";
import { Link } from "wouter";

import { backend } from "../backend/api.ts";
import { overviewHref, type OverviewSearch } from "../routing/routes.ts";
import { STALLED_APPEARANCE, STATUS_APPEARANCE } from "../status/appearance.ts";
import { Skeleton } from "../ui/Skeleton.tsx";
import { STALLED_PAGE } from "./pages.ts";

/** The backend counts no further. */
const COUNT_CAP = 100;

/** How many videos there are of each status, the problems first; each count is the filter that shows them. */
export function StatusFilter({ search }: { search: OverviewSearch }) {
  const counts = useQuery(backend.video.statusCounts, {});
  const stalled = useQuery(backend.video.list, STALLED_PAGE);
  const countOf = (status: VideoStatus) => counts?.find((each) => each.status === status)?.count;
  const others = VIDEO_STATUSES.filter((status) => status !== STATUS_FAILED);
  const isStalled = search.stalled === true;
  return (
    <nav aria-label="Filter by status" className="-mx-4 overflow-x-auto px-4 py-1 sm:mx-0 sm:px-0">
      <ul className="flex gap-2 lg:grid lg:grid-cols-10">
        <Tile
          {...{ name: "Any status", Icon: LayoutList, href: overviewHref() }}
          isCurrent={search.status === undefined && !isStalled}
          tone="text-quiet"
        />
        <StatusTile status={STATUS_FAILED} {...{ countOf, search }} />
        <Tile
          {...{ name: "Stalled", Icon: STALLED_APPEARANCE.Icon, count: stalled?.page.length }}
          href={overviewHref({ stalled: true })}
          isCurrent={isStalled}
          tone={
            stalled === undefined || stalled.page.length === 0
              ? "text-quiet"
              : STALLED_APPEARANCE.text
          }
        />
        {others.map((status) => (
          <StatusTile key={status} {...{ status, countOf, search }} />
        ))}
      </ul>
    </nav>
  );
}

function StatusTile({
  status,
  countOf,
  search,
}: {
  status: VideoStatus;
  countOf: (status: VideoStatus) => number | undefined;
  search: OverviewSearch;
}) {
  const { Icon, text } = STATUS_APPEARANCE[status];
  const count = countOf(status);
  return (
    <Tile
      {...{ name: status, Icon, count }}
      href={overviewHref({ status })}
      isCurrent={search.status === status && search.stalled !== true}
      tone={count === undefined || count === 0 ? "text-quiet" : text}
    />
  );
}

type TileProps = {
  name: string;
  Icon: LucideIcon;
  href: string;
  isCurrent: boolean;
  tone: string;
} & { count?: number | undefined };

function Tile({ name, Icon, href, isCurrent, tone, ...rest }: TileProps) {
  return (
    <li className="max-lg:min-w-28 max-lg:flex-1">
      <Link
        href={href}
        aria-current={isCurrent ? "page" : undefined}
        className={`card flex h-full flex-col justify-between gap-2 px-3 py-2.5 transition-colors hover:border-control ${isCurrent ? "border-accent ring-1 ring-accent ring-inset" : ""}`}
      >
        <span className={`flex items-center gap-1.5 text-xs font-medium ${tone}`}>
          <Icon aria-hidden="true" className="size-3.5 shrink-0" />
          <span className="leading-tight text-quiet">{name}</span>
        </span>
        {"count" in rest ? <Count count={rest.count} tone={tone} /> : <AllMark />}
      </Link>
    </li>
  );
}

function AllMark() {
  return <span className="text-xl/6 font-semibold">All</span>;
}

function Count({ count, tone }: { count: number | undefined; tone: string }) {
  if (count === undefined) return <Skeleton className="h-6 w-8" />;
  return (
    <span
      className={`figures text-xl/6 font-semibold ${count === 0 ? "text-quiet" : tone === "text-quiet" ? "text-ink" : tone}`}
    >
      {count >= COUNT_CAP ? `${COUNT_CAP}+` : count}
    </span>
  );
}
