import { parseTwitchId } from "@klipstream/contract";
import { type SyntheticEvent, useId, useState } from "react";
import { useLocation } from "wouter";

import { videoHref } from "../routing/routes.ts";
import { buttonClass } from "../ui/Button.tsx";
import { SearchInput } from "../ui/SearchInput.tsx";

/** Goes to a video by its Twitch ID or its address on Twitch. */
export function FindVideo({ size = "small" }: { size?: "small" | "large" }) {
  const { text, isWrong, change, find } = useFind();
  const id = useId();
  return (
    <form role="search" onSubmit={find} className="relative w-full">
      <label htmlFor={id} className={size === "small" ? "sr-only" : "mb-1.5 block font-medium"}>
        Find a video by its Twitch ID or address
      </label>
      <div className="flex gap-2">
        <SearchInput
          around="min-w-0 flex-1"
          id={id}
          placeholder="Twitch ID or address"
          value={text}
          autoComplete="off"
          spellCheck={false}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? `${id}-wrong` : undefined}
          onChange={(event) => change(event.target.value)}
        />
        {size === "large" && <button className={buttonClass("primary")}>Look up</button>}
      </div>
      {isWrong && (
        <p
          id={`${id}-wrong`}
          role="alert"
          className={`text-sm text-bad ${size === "small" ? "card absolute top-full z-20 mt-1 px-3 py-2" : "mt-1.5"}`}
        >
          Give 1 to 20 digits, or an address such as twitch.tv/videos/2434635255.
        </p>
      )}
    </form>
  );
}

function useFind() {
  const [, navigate] = useLocation();
  const [text, setText] = useState("");
  const [isWrong, setIsWrong] = useState(false);
  const change = (next: string) => {
    setText(next);
    setIsWrong(false);
  };
  const find = (event: SyntheticEvent) => {
    event.preventDefault();
    const twitchId = parseTwitchId(text);
    setIsWrong(twitchId === null);
    if (twitchId === null) return;
    setText("");
    navigate(videoHref(twitchId));
  };
  return { text, isWrong, change, find };
}
