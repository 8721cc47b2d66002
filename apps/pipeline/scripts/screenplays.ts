/**
 * What is said and typed in the VODs of `vods/`. {@link makeVod} turns a screenplay into audio, chat and transcript.
 */

/** How a line is spoken: excitement is faster, higher and louder, as it is on a stream. */
export type Mood = "calm" | "tense" | "excited" | "sad";

export type Line = {
  text: string;
  mood: Mood;
  /** How many chat messages the line sets off within a few seconds. */
  crowd?: number;
  /** What those messages say. */
  reactions?: readonly string[];
  /** Silence after the line, in seconds, beside the usual short one. */
  pauseSeconds?: number;
};

export type Screenplay = {
  folder: string;
  twitchId: string;
  title: string;
  game: string;
  streamer: { name: string; id: number };
  createdAt: string;
  voice: string;
  seed: number;
  lines: readonly Line[];
  smallTalk: readonly string[];
};

const GOAL_RUN: Screenplay = {
  folder: "speedrun-final-boss",
  twitchId: "2412907385",
  title: "Lantern Keep any% | world record attempts until it happens",
  game: "Lantern Keep",
  streamer: { name: "quillfeather", id: 81120457 },
  createdAt: "2026-03-14T19:02:11Z",
  voice: "en-us+m3",
  seed: 11,
  lines: [
    { text: "Welcome back everyone, this is attempt forty one.", mood: "calm" },
    { text: "We are six seconds ahead of the record.", mood: "calm", pauseSeconds: 1.2 },
    { text: "The library is slow so I just talk a little.", mood: "calm", pauseSeconds: 1.4 },
    { text: "Two keys, one door, easy.", mood: "calm", pauseSeconds: 1.6 },
    { text: "This next jump is very hard, watch.", mood: "tense", pauseSeconds: 0.6 },
    {
      text: "Yes! Yes! The skip, I got the skip, that is amazing!",
      mood: "excited",
      crowd: 34,
      reactions: [
        "PogChamp PogChamp PogChamp",
        "THE SKIP!!! amazing",
        "HE GOT IT",
        "LETS GO, great skip",
        "WOW that was perfect",
        "no way :D",
        "Kreygasm beautiful",
        "gg that is awesome",
      ],
      pauseSeconds: 1.6,
    },
    { text: "Okay, calm down, breathe.", mood: "calm", pauseSeconds: 2 },
    { text: "Now the long corridor, nothing happens here.", mood: "calm", pauseSeconds: 2.2 },
    { text: "Someone asked about the controller, it is an old one.", mood: "calm" },
    { text: "I will buy a new one some day.", mood: "calm", pauseSeconds: 1.8 },
    { text: "Final boss, three hearts.", mood: "tense", pauseSeconds: 0.8 },
    { text: "One more hit, one more hit.", mood: "tense" },
    {
      text: "It is dead! World record! World record by nine seconds! I love you all!",
      mood: "excited",
      crowd: 52,
      reactions: [
        "WORLD RECORD!!!",
        "WR WR WR PogChamp",
        "congratulations!!! best run ever",
        "INSANE, so happy for you",
        "I am crying :') wonderful",
        "GG GG GG",
        "nine seconds wow",
        "love this <3",
        "clip it! epic",
      ],
      pauseSeconds: 1.5,
    },
    { text: "Thank you, thank you so much.", mood: "calm", pauseSeconds: 2 },
    { text: "I need some water now.", mood: "calm", pauseSeconds: 1.5 },
    { text: "We will look at the splits in a minute.", mood: "calm" },
  ],
  smallTalk: [
    "hi chat",
    "first time here",
    "what category is this?",
    "any% yes",
    "which route?",
    "good pace",
    "the music tho",
    "HeyGuys",
    "how many attempts today",
    "41",
    "back from dinner",
    "is this the new version",
  ],
};

const COOKING: Screenplay = {
  folder: "cooking-souffle",
  twitchId: "2398441206",
  title: "Sunday kitchen: cheese souffle, no net",
  game: "Food & Drink",
  streamer: { name: "marmaladekitchen", id: 40337719 },
  createdAt: "2026-02-01T17:30:45Z",
  voice: "en-gb+f3",
  seed: 23,
  lines: [
    { text: "Hello my friends, today we make a souffle.", mood: "calm", pauseSeconds: 1 },
    { text: "Butter the dish, then flour, then tap it out.", mood: "calm", pauseSeconds: 1.6 },
    { text: "Six eggs, and keep the whites apart.", mood: "calm", pauseSeconds: 1.8 },
    { text: "Grate the cheese, not too fine.", mood: "calm", pauseSeconds: 1.2 },
    { text: "Oh no. Oh no, the bowl!", mood: "tense" },
    {
      text: "The whole bowl on the floor! What a terrible mess! I dropped everything!",
      mood: "excited",
      crowd: 38,
      reactions: [
        "NotLikeThis",
        "NOOO the eggs",
        "oh no, terrible",
        "RIP bowl",
        "poor eggs BibleThump",
        "LUL what a disaster",
        "F in chat",
        "that is awful, sorry!",
      ],
      pauseSeconds: 2,
    },
    { text: "Well, we have more eggs.", mood: "sad", pauseSeconds: 2 },
    { text: "Fold the whites in slowly, do not stir.", mood: "calm", pauseSeconds: 1.8 },
    { text: "Into the oven, and nobody opens the door.", mood: "calm", pauseSeconds: 2.4 },
    { text: "Someone asks if it works with goat cheese, and it does.", mood: "calm" },
    { text: "We wait.", mood: "calm", pauseSeconds: 3 },
    { text: "Okay, the moment of truth.", mood: "tense", pauseSeconds: 0.8 },
    {
      text: "Look at that! It is perfect! It is so beautiful and so tall, I am so happy!",
      mood: "excited",
      crowd: 44,
      reactions: [
        "WOW beautiful",
        "it is PERFECT",
        "look at that rise!!!",
        "so proud of you",
        "SeemsGood SeemsGood",
        "delicious, I love it",
        "best souffle ever",
        "amazing comeback :)",
        "chef <3",
      ],
      pauseSeconds: 1.5,
    },
    { text: "Eat it at once, it falls in a minute.", mood: "calm", pauseSeconds: 1.6 },
    { text: "The recipe is below, see you on Sunday.", mood: "calm", pauseSeconds: 1 },
  ],
  smallTalk: [
    "hello everyone",
    "what oven temperature?",
    "200",
    "is that gruyere",
    "hungry now",
    "HeyGuys",
    "which flour do you use",
    "my dish is bigger",
    "how long in the oven",
    "25 min",
    "good evening from Lisbon",
    "can I use goat cheese?",
  ],
};

const RANKED: Screenplay = {
  folder: "ranked-comeback",
  twitchId: "2425570918",
  title: "Ranked with friends, road to Diamond (day 12)",
  game: "Hexfront",
  streamer: { name: "tandemotter", id: 136902244 },
  createdAt: "2026-04-05T21:15:00Z",
  voice: "en-us+f2",
  seed: 37,
  lines: [
    { text: "Okay team, we are down one to nine.", mood: "calm", pauseSeconds: 1.2 },
    { text: "Save this round and buy next.", mood: "calm", pauseSeconds: 1.8 },
    { text: "They always push the left side.", mood: "calm", pauseSeconds: 1.8 },
    { text: "I hold the bridge, you take the stairs.", mood: "calm", pauseSeconds: 1.4 },
    { text: "Nice, that is one round back.", mood: "calm", pauseSeconds: 2 },
    { text: "Somebody remind me to drink water.", mood: "calm", pauseSeconds: 2.2 },
    { text: "Three of them behind me.", mood: "tense" },
    {
      text: "One! Two! Three! All three of them, alone! Are you kidding me! Incredible!",
      mood: "excited",
      crowd: 48,
      reactions: [
        "ACE!!! incredible",
        "PogChamp what a play",
        "1v3 LETS GO",
        "she is so good wow",
        "INSANE aim, great",
        "clip that please!!!",
        "best player EU :D",
        "report her LUL too good",
        "omg amazing",
      ],
      pauseSeconds: 1.8,
    },
    { text: "Sorry for the noise, neighbours.", mood: "calm", pauseSeconds: 2.2 },
    { text: "Nine all, and we buy everything.", mood: "calm", pauseSeconds: 2 },
    { text: "Let me check the economy quickly.", mood: "calm", pauseSeconds: 2 },
    { text: "Match point, nobody dies early.", mood: "tense", pauseSeconds: 0.8 },
    {
      text: "He missed! He missed, we win! Unbelievable comeback, what a wonderful team!",
      mood: "excited",
      crowd: 40,
      reactions: [
        "COMEBACK!!! best team",
        "1-9 to a win, unbelievable",
        "GG well played",
        "Diamond let's go :D",
        "I love this team <3",
        "PogChamp PogChamp",
        "happy for you all",
        "what a wonderful game",
      ],
      pauseSeconds: 1.6,
    },
    { text: "Good game everyone, one more and then bed.", mood: "calm", pauseSeconds: 1.5 },
    { text: "Queue is four minutes, short break.", mood: "calm", pauseSeconds: 1 },
  ],
  smallTalk: [
    "hey otter",
    "what rank now",
    "plat 1",
    "sens?",
    "0.4",
    "which crosshair is that",
    "hi from work",
    "down bad today",
    "new headset?",
    "HeyGuys",
    "drink water",
    "map is Foundry right",
  ],
};

export const SCREENPLAYS: readonly Screenplay[] = [GOAL_RUN, COOKING, RANKED];
