import type { Screenplay } from "./screenplays.ts";

/** When a line with a crowd began, in seconds. */
export type Moment = { atSeconds: number; crowd: number; reactions: readonly string[] };

type Comment = { offsetSeconds: number; body: string };

/** Twitch's global emotes and their ids. */
const EMOTES: Readonly<Record<string, string>> = {
  BibleThump: "86",
  HeyGuys: "30259",
  Kreygasm: "41",
  LUL: "425618",
  NotLikeThis: "58765",
  PogChamp: "305954156",
  SeemsGood: "64138",
};

const NAMES = [
  ..."amberfox brickwren cobaltcat dustypixel elmstreet fennelby greyharbor hollowpine inkblot juniper_".split(
    " ",
  ),
  ..."kestrel9 lowtide moonmilk nettlesoup oakandash paperplane quietstorm rustbucket saltlamp teapotdome".split(
    " ",
  ),
  ..."umberline velvetmole wickedfern xylograph yarrowfield zephyrite".split(" "),
];
const COLORS = ["#1E90FF", "#FF69B4", "#9ACD32", "#FF7F50", "#8A2BE2", "#00FF7F", null];
/** Seconds between what happens and the first message about it: people have to type. */
const REACTION_SECONDS = 1.2;
const BURST_SECONDS = 5;
const SMALL_TALK_EVERY_SECONDS = 1.8;

/** The chat of a screenplay in the JSON format of TwitchDownloader (file version 1.4). */
export function makeChatLog(play: Screenplay, moments: readonly Moment[], seconds: number) {
  const random = seededRandom(play.seed);
  const comments = [...smallTalk(play, seconds, random), ...bursts(moments, seconds, random)];
  comments.sort((left, right) => left.offsetSeconds - right.offsetSeconds);
  return {
    FileInfo: {
      Version: { Major: 1, Minor: 4, Patch: 0 },
      CreatedAt: play.createdAt,
      UpdatedAt: "0001-01-01T00:00:00",
    },
    streamer: play.streamer,
    video: {
      title: play.title,
      description: null,
      id: play.twitchId,
      created_at: play.createdAt,
      start: 0,
      end: seconds,
      length: seconds,
      viewCount: 200 + Math.floor(random() * 800),
      game: play.game,
      chapters: [],
    },
    comments: comments.map((comment, index) => toComment(play, { comment, index }, random)),
    embeddedData: null,
  };
}

function smallTalk(play: Screenplay, seconds: number, random: () => number): Comment[] {
  const comments: Comment[] = [];
  for (let at = random(); at < seconds; at += SMALL_TALK_EVERY_SECONDS * (0.5 + random()))
    comments.push({ offsetSeconds: at, body: pick(play.smallTalk, random) });
  return comments;
}

/** Most of a burst comes early: the square of a uniform number leans to zero. */
function bursts(moments: readonly Moment[], seconds: number, random: () => number): Comment[] {
  return moments.flatMap(({ atSeconds, crowd, reactions }) =>
    Array.from({ length: crowd }, () => ({
      offsetSeconds: Math.min(
        seconds - 0.1,
        atSeconds + REACTION_SECONDS + BURST_SECONDS * random() ** 2,
      ),
      body: pick(reactions, random),
    })),
  );
}

function toComment(
  play: Screenplay,
  { comment, index }: { comment: Comment; index: number },
  random: () => number,
) {
  const chatter = Math.floor(random() * NAMES.length);
  const name = NAMES[chatter] ?? "";
  const offsetSeconds = Math.round(comment.offsetSeconds * 1000) / 1000;
  return {
    _id: `${play.twitchId}-${String(index).padStart(4, "0")}`,
    created_at: new Date(Date.parse(play.createdAt) + offsetSeconds * 1000).toISOString(),
    channel_id: String(play.streamer.id),
    content_type: "video",
    content_id: play.twitchId,
    content_offset_seconds: offsetSeconds,
    commenter: { display_name: name, _id: String(50_000_000 + chatter), name, bio: null },
    message: {
      body: comment.body,
      bits_spent: 0,
      fragments: toFragments(comment.body),
      user_badges: chatter % 5 === 0 ? [{ _id: "subscriber", version: "6" }] : [],
      user_color: COLORS[chatter % COLORS.length],
      emoticons: findEmoticons(comment.body),
    },
  };
}

/** One fragment per emote and per stretch of text between emotes. */
function toFragments(body: string) {
  const emotes = new RegExp(`\\b(${Object.keys(EMOTES).join("|")})\\b`);
  const texts = body.split(emotes).filter((text) => text !== "");
  return texts.map((text) => ({
    text,
    emoticon: EMOTES[text] ? { emoticon_id: EMOTES[text] } : null,
  }));
}

function findEmoticons(body: string) {
  const found = [...body.matchAll(/\w+/g)].filter(([word]) => word in EMOTES);
  return found.map(({ 0: word, index }) => ({
    _id: EMOTES[word],
    begin: index,
    end: index + word.length - 1,
  }));
}

function pick<T>(choices: readonly T[], random: () => number): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

/** A small multiplicative generator: the same seed makes the same chat. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
