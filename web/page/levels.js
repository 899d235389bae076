// Probabilities in one byte, as retseg/view/levels.py writes them: the mask from the bytes is the mask from the probabilities.

import { roundEven } from './numbers.js';

/** A probability as a level, 0 to 255; beside the threshold no pixel changes its side. */
export function quantise(probability, threshold, cut) {
  const nearest = roundEven(Math.fround(probability * 255));
  return probability >= threshold ? Math.max(nearest, cut) : Math.min(nearest, cut - 1);
}

export const toProbability = (logit) => 1 / (1 + Math.exp(-Math.min(30, Math.max(-30, logit))));
