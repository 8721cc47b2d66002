import type { ArtifactUrlField } from "@klipstream/contract";
import {
  AudioWaveform,
  Captions,
  FileChartLine,
  type LucideIcon,
  MessagesSquare,
  WholeWord,
} from "lucide-react";

/** What people call the output files. */
export const ARTIFACT_NAMES: Record<
  ArtifactUrlField,
  { name: string; what: string; Icon: LucideIcon }
> = {
  transcriptUrl: { name: "Transcript", what: "What is said, sentence by sentence", Icon: Captions },
  transcriptWordUrl: { name: "Words", what: "Each word with its time", Icon: WholeWord },
  chatUrl: { name: "Chat", what: "Every chat message with its time", Icon: MessagesSquare },
  audiowaveUrl: { name: "Waveform", what: "The audio's loudness over time", Icon: AudioWaveform },
  transcriptAnalysisUrl: {
    name: "Analysis",
    what: "Highlights, chat rate, sentiment",
    Icon: FileChartLine,
  },
};
