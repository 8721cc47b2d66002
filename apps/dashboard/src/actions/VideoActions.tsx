import {
  REASON_MAX_LENGTH,
  STATUS_FAILED,
  STATUS_QUEUED,
  type VideoStatus,
} from "@klipstream/contract";
import { useMutation } from "convex/react";
import { ListRestart, OctagonX, Undo2 } from "lucide-react";
import { useState } from "react";

import { backend, type Video } from "../backend/api.ts";
import { useConnection } from "../backend/useConnection.ts";
import { useMayWrite } from "../session/useSession.ts";
import { Button } from "../ui/Button.tsx";
import ActionDialog from "./ActionDialog.tsx";
import { TextField } from "./TextField.tsx";

const ACTIONS = {
  rollBack: {
    Icon: Undo2,
    name: "Roll back",
    title: "Roll back the last status change?",
    description: "The status goes back to the one before. Files stay. The history keeps both.",
    look: "plain",
    needsReason: true,
  },
  requeue: {
    Icon: ListRestart,
    name: "Requeue",
    title: "Put this video back into the queue?",
    description: "Its status becomes Queued, for a pipeline to take it up again.",
    look: "plain",
    needsReason: false,
  },
  markFailed: {
    Icon: OctagonX,
    name: "Mark failed",
    title: "Mark this video as failed?",
    description:
      "Its status becomes Failed. A pipeline that still works on it is not stopped, and its next report replaces this.",
    look: "danger",
    needsReason: true,
  },
} as const;

type ActionName = keyof typeof ACTIONS;

/** What a holder of `videos:write` can do to a video; the data itself then shows the result. */
export function VideoActions({ video }: { video: Video }) {
  const [open, setOpen] = useState<ActionName | null>(null);
  const isOffline = useConnection().kind !== "live";
  if (!useMayWrite()) return null;
  return (
    <div className="flex flex-wrap gap-2 max-sm:grid max-sm:w-full max-sm:grid-cols-3">
      {(Object.keys(ACTIONS) as ActionName[]).map((name) => {
        const { Icon, look, name: label } = ACTIONS[name];
        return (
          <Button
            key={name}
            look={look}
            disabled={isOffline || !isOffered(name, video.status)}
            onClick={() => setOpen(name)}
          >
            <Icon aria-hidden="true" className="size-4 max-sm:hidden" />
            {label}
          </Button>
        );
      })}
      {open !== null && <Confirmation {...{ name: open, video }} onClose={() => setOpen(null)} />}
    </div>
  );
}

function isOffered(name: ActionName, status: VideoStatus): boolean {
  if (name === "requeue") return status !== STATUS_QUEUED;
  return name !== "markFailed" || status !== STATUS_FAILED;
}

function Confirmation({
  name,
  video,
  onClose,
}: {
  name: ActionName;
  video: Video;
  onClose: () => void;
}) {
  const [reason, setReason] = useState("");
  const act = useVideoAction(name, video.twitchId);
  const { title, description, needsReason, look, name: label } = ACTIONS[name];
  return (
    <ActionDialog
      title={title}
      description={
        <>
          <strong className="font-medium text-ink">{video.title ?? video.twitchId}</strong> is in{" "}
          {video.status}. {description}
        </>
      }
      confirm={label}
      look={look === "danger" ? "dangerFill" : "primary"}
      onConfirm={() => act(reason.trim())}
      onClose={onClose}
    >
      <TextField
        label="Reason"
        hint="Goes into the history, with your name."
        value={reason}
        onChange={setReason}
        maxLength={REASON_MAX_LENGTH}
        required={needsReason}
        lines={3}
      />
    </ActionDialog>
  );
}

function useVideoAction(name: ActionName, twitchId: string) {
  const rollBack = useMutation(backend.video.rollbackStatus);
  const setStatus = useMutation(backend.video.updateStatusByTwitchId);
  return (reason: string): Promise<unknown> => {
    const shared = { twitchId, ...(reason !== "" && { reason }) };
    if (name === "rollBack") return rollBack(shared);
    return setStatus({ ...shared, status: name === "requeue" ? STATUS_QUEUED : STATUS_FAILED });
  };
}
