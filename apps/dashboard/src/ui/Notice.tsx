import { CircleCheck, CircleX, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

const TONES = {
  info: { Icon: Info, look: "bg-busy-soft text-busy" },
  good: { Icon: CircleCheck, look: "bg-good-soft text-good" },
  warn: { Icon: TriangleAlert, look: "bg-warn-soft text-warn" },
  bad: { Icon: CircleX, look: "bg-bad-soft text-bad" },
} as const;

export type Tone = keyof typeof TONES;

/** A word about something that happened, in place. */
export function Notice({
  tone,
  title,
  children,
  role,
}: {
  tone: Tone;
  title: string;
  children?: ReactNode;
  role?: "alert" | "status";
}) {
  const { Icon, look } = TONES[tone];
  return (
    <div role={role} className={`flex gap-3 rounded-xl px-4 py-3 ${look}`}>
      <Icon aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0">
        <p className="font-medium [overflow-wrap:anywhere]">{title}</p>
        {children !== undefined && (
          <div className="mt-0.5 text-ink [overflow-wrap:anywhere]">{children}</div>
        )}
      </div>
    </div>
  );
}
