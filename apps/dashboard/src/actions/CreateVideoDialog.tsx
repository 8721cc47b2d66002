import { parseTwitchId, TITLE_MAX_LENGTH } from "@klipstream/contract";
import { useMutation } from "convex/react";
import { ConvexError } from "convex/values";
import { useState } from "react";
import { useLocation } from "wouter";

import { backend } from "../backend/api.ts";
import { videoHref } from "../routing/routes.ts";
import ActionDialog from "./ActionDialog.tsx";
import { TextField } from "./TextField.tsx";

/** Asks for the new video's Twitch ID and title. */
export default function CreateVideoDialog({
  twitchId,
  onClose,
}: {
  twitchId: string | undefined;
  onClose: () => void;
}) {
  const [, navigate] = useLocation();
  const create = useMutation(backend.video.create);
  const [id, setId] = useState(twitchId ?? "");
  const [title, setTitle] = useState("");
  const confirm = async () => {
    const found = parseTwitchId(id);
    if (found === null)
      throw new ConvexError({
        code: "INVALID_ARGUMENT",
        message: "Give 1 to 20 digits, or an address such as twitch.tv/videos/2434635255.",
      });
    await create({ twitchId: found, ...(title.trim() !== "" && { title: title.trim() }) });
    navigate(videoHref(found));
  };
  return (
    <ActionDialog
      title="Create a video"
      description="It waits in Queued until a pipeline reports on it. A video that exists stays as it is."
      confirm="Create video"
      onConfirm={confirm}
      onClose={onClose}
    >
      <TextField
        label="Twitch ID or address"
        value={id}
        onChange={setId}
        maxLength={200}
        placeholder="2434635255"
        required
      />
      <TextField label="Title" value={title} onChange={setTitle} maxLength={TITLE_MAX_LENGTH} />
    </ActionDialog>
  );
}
