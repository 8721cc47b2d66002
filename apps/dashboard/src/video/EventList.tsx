import { formatDuration } from "@klipstream/contract";
import { ArrowRight, FileText, Plus, Undo2 } from "lucide-react";
import { useEffect, useRef } from "react";

import type { VideoEvent } from "../backend/api.ts";
import { STATUS_APPEARANCE } from "../status/appearance.ts";
import { Clock } from "../time/Time.tsx";
import { lateness } from "./lateness.ts";

/** Every update that the backend recorded of the video, newest first. */
export function EventList({
  events,
  selected,
}: {
  events: readonly VideoEvent[];
  selected: string | null;
}) {
  return (
    <ol aria-label="Events" className="divide-y divide-line">
      {events.map((event) => (
        <EventItem key={event._id} event={event} isSelected={event._id === selected} />
      ))}
    </ol>
  );
}

function EventItem({ event, isSelected }: { event: VideoEvent; isSelected: boolean }) {
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isSelected) item.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);
  const late = lateness(event);
  const isGrey = !event.applied;
  const { Icon, tone } = iconOf(event);
  return (
    <li
      ref={item}
      aria-current={isSelected ? "true" : undefined}
      className={`flex gap-3 px-4 py-2.5 ${isSelected ? "bg-accent-soft" : ""}`}
    >
      <Icon
        aria-hidden="true"
        className={`mt-0.5 size-4 shrink-0 ${isGrey ? "text-quiet" : tone}`}
      />
      <div className={`min-w-0 flex-1 ${isGrey ? "text-quiet" : ""}`}>
        <div className="flex items-start justify-between gap-3">
          <p className={`min-w-0 ${isGrey ? "line-through" : "font-medium"}`}>
            <What event={event} />
          </p>
          <span className="figures shrink-0 text-xs/5 text-quiet">
            <Clock at={event.occurredAt} />
          </span>
        </div>
        {event.reason !== undefined && <p className="[overflow-wrap:anywhere]">{event.reason}</p>}
        {late !== null && (
          <p className="figures text-xs text-warn">
            Arrived <Clock at={event.receivedAt} />, {formatDuration(late)} after it happened
          </p>
        )}
        {isGrey && <p className="text-xs">Superseded: newer reports were there already.</p>}
        {event.undone === true && <p className="text-xs text-quiet">Undone by a rollback.</p>}
        <p className="truncate text-xs text-quiet">
          by {event.actor}
          {event.run !== undefined && ` · run ${event.run.id.slice(0, 8)}`}
        </p>
      </div>
    </li>
  );
}

function What({ event: { kind, from, to, urls } }: { event: VideoEvent }) {
  if (kind === "created") return "Created";
  const files = Object.keys(urls ?? {}).join(", ");
  return (
    <>
      {from !== undefined && to !== undefined ? (
        <>
          {from} <ArrowRight aria-label="to" className="inline size-3.5 text-quiet" /> {to}
        </>
      ) : (
        to
      )}
      {files !== "" && <span className="block [overflow-wrap:anywhere]">{files}</span>}
    </>
  );
}

function iconOf({ kind, to }: VideoEvent) {
  if (kind === "created") return { Icon: Plus, tone: "text-quiet" };
  if (kind === "rolledBack") return { Icon: Undo2, tone: "text-warn" };
  if (to === undefined) return { Icon: FileText, tone: "text-accent" };
  return { Icon: STATUS_APPEARANCE[to].Icon, tone: STATUS_APPEARANCE[to].text };
}
