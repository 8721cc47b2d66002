import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useMemo, useRef, useState } from "react";

import { formatPosition } from "../time/format.ts";
import { SearchInput } from "../ui/SearchInput.tsx";
import type { Line } from "./contents.ts";
import { NotShown } from "./NotShown.tsx";
import { useArtifact } from "./useArtifact.ts";

const ESTIMATED_LINE_HEIGHT_PX = 37;

/** A table of what was said or written, with a search; only the lines in sight are drawn. */
export function LinesPreview({
  name,
  url,
  parse,
  twitchId,
}: {
  name: string;
  url: string | undefined;
  parse: (text: string) => Line[];
  twitchId: string;
}) {
  const artifact = useArtifact(url, parse);
  const [text, setText] = useState("");
  const sought = useDeferredValue(text.trim().toLowerCase());
  const lines = artifact.kind === "ready" ? artifact.content : NO_LINES;
  const found = useMemo(
    () => (sought === "" ? lines : lines.filter((line) => contains(line, sought))),
    [lines, sought],
  );
  if (artifact.kind !== "ready")
    return (
      <div className="p-4 sm:p-5">
        <NotShown artifact={artifact} name={name} />
      </div>
    );
  return (
    <div>
      <div className="flex flex-wrap items-center gap-3 border-b px-4 py-3 sm:px-5">
        <SearchInput
          around="w-full max-w-sm"
          type="search"
          aria-label={`Search the ${name}`}
          placeholder={`Search the ${name}`}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <p role="status" className="figures text-sm text-quiet">
          {sought === "" ? `${lines.length} lines` : `${found.length} of ${lines.length} lines`}
        </p>
      </div>
      <Lines {...{ lines: found, name, twitchId }} />
    </div>
  );
}

const NO_LINES: Line[] = [];

function contains({ text, author }: Line, sought: string): boolean {
  return text.toLowerCase().includes(sought) || author?.toLowerCase().includes(sought) === true;
}

function Lines({ lines, name, twitchId }: { lines: Line[]; name: string; twitchId: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its rows are drawn here, and nowhere memoized
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATED_LINE_HEIGHT_PX,
    overscan: 12,
  });
  return (
    <div
      ref={scroller}
      tabIndex={0}
      role="table"
      aria-label={name}
      aria-rowcount={lines.length}
      className="h-96 overflow-y-auto"
    >
      <div role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index, key, start }) => {
          const line = lines[index];
          return line === undefined ? null : (
            <div
              key={key}
              role="row"
              aria-rowindex={index + 1}
              data-index={index}
              ref={virtualizer.measureElement}
              className="absolute inset-x-0 top-0 flex gap-4 px-4 py-2 hover:bg-raised sm:px-5"
              style={{ transform: `translateY(${start}px)` }}
            >
              <LineCells line={line} twitchId={twitchId} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function LineCells({
  line: { seconds, author, text },
  twitchId,
}: {
  line: Line;
  twitchId: string;
}) {
  return (
    <>
      <div role="cell" className="figures w-14 shrink-0 text-quiet">
        <a
          href={`https://www.twitch.tv/videos/${encodeURIComponent(twitchId)}?t=${Math.floor(seconds)}s`}
          target="_blank"
          rel="noreferrer"
          className="hover:text-accent hover:underline"
        >
          {formatPosition(seconds)}
        </a>
      </div>
      {author !== undefined && (
        <div role="cell" className="w-28 shrink-0 truncate font-medium sm:w-40" title={author}>
          {author}
        </div>
      )}
      <div role="cell" className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        {text}
      </div>
    </>
  );
}
