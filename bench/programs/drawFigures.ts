/** Makes the document, its charts and the README's headlines again from `bench/results.json`, where their form has changed. */
import { drawResults } from "../harness/results.ts";

await drawResults();
