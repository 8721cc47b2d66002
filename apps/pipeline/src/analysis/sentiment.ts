import { SentimentIntensityAnalyzer } from "vader-sentiment";

/**
 * How a message feels, by VADER's lexicon: made for short posts, it knows emoticons, capitals, exclamation marks,
 * negation and slang. Names of Twitch emotes are not in it and count as neutral.
 *
 * @returns -1 (bad) to 1 (good); 0 where nothing in the text is in the lexicon.
 */
export function sentimentOf(text: string): number {
  return SentimentIntensityAnalyzer.polarity_scores(text).compound;
}
