/** Values of the manifest's `[config]` table. */
import { RESULT, discriminant, stringAt, unitsOf } from "./canonical-abi";
import { hostConfigGet } from "./imports";
import { failedWith, succeeded } from "./last-error";

/** The value of a key, or null when there is none. */
export function get(key: string): string | null {
  hostConfigGet(changetype<usize>(key), unitsOf(key), RESULT);
  if (discriminant() != 0) {
    failedWith(stringAt(8));
    return null;
  }
  succeeded();
  return discriminant(4) == 1 ? stringAt(8) : null;
}

/** The value of a key, or `otherwise` when there is none. */
export function text(key: string, otherwise: string): string {
  const value = get(key);
  return value === null ? otherwise : value;
}

/** The value of a key as a number, or `otherwise` when there is none or it is not a finite number. */
export function num(key: string, otherwise: f64): f64 {
  const value = get(key);
  if (value === null || value.length == 0) return otherwise;
  const number = parseFloat(value);
  return isFinite(number) ? number : otherwise;
}

/** True for "true", false for "false", else `otherwise`. */
export function flag(key: string, otherwise: bool): bool {
  const value = get(key);
  if (value === null) return otherwise;
  if (value == "true") return true;
  return value == "false" ? false : otherwise;
}
