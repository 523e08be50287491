import { random } from "sterna";
import { PARAMETERS, SeasonalModel } from "./seasonal-model";

const FIRST_STEP: f64 = 0.2;
const LAST_STEP: f64 = 0.002;

/**
 * The best parameters that coordinate search finds from so many starting
 * points: a step up or down in each in turn, halved when none is better.
 * Hooke and Jeeves (1961), "Direct search", without the pattern moves.
 */
export function search(model: SeasonalModel, starts: i32): StaticArray<f64> {
  let best = new StaticArray<f64>(PARAMETERS);
  let least = Infinity;
  for (let start = 0; start < max(1, starts); start++) {
    const found = new StaticArray<f64>(PARAMETERS);
    for (let i = 0; i < PARAMETERS; i++) found[i] = random();
    const error = descend(model, found);
    if (error >= least) continue;
    least = error;
    best = found;
  }
  return best;
}

/** Moves to where no step is better. @returns the error there. */
function descend(model: SeasonalModel, at: StaticArray<f64>): f64 {
  let least = model.follow(at);
  for (let step = FIRST_STEP; step >= LAST_STEP;) {
    let moved = false;
    for (let i = 0; i < PARAMETERS; i++) {
      const before = at[i];
      for (let direction: f64 = -1; direction <= 1; direction += 2) {
        at[i] = Math.min(1, Math.max(0, before + direction * step));
        const error = model.follow(at);
        if (error < least) {
          least = error;
          moved = true;
          break;
        }
        at[i] = before;
      }
    }
    if (!moved) step /= 2;
  }
  return least;
}
