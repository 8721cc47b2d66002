import { useConnection } from "../backend/useConnection.ts";

const MARKS = {
  live: { look: "bg-good-fill", text: "Live" },
  connecting: { look: "bg-control breathing", text: "Connecting" },
  offline: { look: "bg-warn-fill", text: "Offline" },
} as const;

/** Live, connecting or offline, in a word. */
export function ConnectionMark() {
  const { look, text } = MARKS[useConnection().kind];
  return (
    <span className="flex items-center gap-1.5 text-xs font-medium text-quiet max-sm:hidden">
      <span aria-hidden="true" className={`size-2 rounded-full ${look}`} />
      {text}
    </span>
  );
}
