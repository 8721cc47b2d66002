import { STATUS_FAILED, VIDEO_STATUSES, type VideoStatus } from "@klipstream/contract";
import {
  Captions,
  ChartLine,
  CircleCheck,
  CircleX,
  Clock,
  Download,
  type LucideIcon,
  MessagesSquare,
  Sparkles,
  TimerOff,
} from "lucide-react";

type Appearance = { Icon: LucideIcon; text: string; soft: string; fill: string };

const BUSY = { text: "text-busy", soft: "bg-busy-soft", fill: "bg-busy-fill" };

/** How each status looks; never by its colour alone: an icon and its name go with it. */
export const STATUS_APPEARANCE: Record<VideoStatus, Appearance> = {
  Queued: { Icon: Clock, text: "text-quiet", soft: "bg-raised", fill: "bg-control" },
  Downloading: { Icon: Download, ...BUSY },
  "Fetching chat": { Icon: MessagesSquare, ...BUSY },
  Transcribing: { Icon: Captions, ...BUSY },
  Analyzing: { Icon: ChartLine, ...BUSY },
  "Finding highlights": { Icon: Sparkles, ...BUSY },
  Completed: { Icon: CircleCheck, text: "text-good", soft: "bg-good-soft", fill: "bg-good-fill" },
  Failed: { Icon: CircleX, text: "text-bad", soft: "bg-bad-soft", fill: "bg-bad-fill" },
};

/** A video that has given no sign of life for longer than its status may take. */
export const STALLED_APPEARANCE: Appearance = {
  Icon: TimerOff,
  text: "text-warn",
  soft: "bg-warn-soft",
  fill: "bg-warn-fill",
};

/** The statuses that work is done in: the stages of a run, in their order. */
export const STAGES = VIDEO_STATUSES.filter(
  (status) => !["Queued", "Completed", STATUS_FAILED].includes(status),
);

export function isStage(status: VideoStatus): boolean {
  return STAGES.includes(status);
}
