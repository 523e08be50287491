/** Numbers drawn from the seed recorded with the run: not for secrets. */
import { hostRandomU64 } from "./imports";

/** Any 64 bits. */
export function randomU64(): u64 {
  return hostRandomU64();
}

/** A number in [0, 1). */
export function random(): f64 {
  return <f64>(hostRandomU64() >> 11) * (1.0 / 9007199254740992.0);
}

/** What `Math.random` starts from; the build names it to asc. */
export function seed(): f64 {
  return reinterpret<f64>(hostRandomU64());
}
