/**
 * What is normal for a room, kept in a record of bytes as it is stored:
 *
 *    0  readings taken, u32, stops at its largest
 *    4  anomalous readings in a row, u32
 *    8  temperature: level f64, deviation f64
 *   24  humidity: level f64, deviation f64
 */

const RECORD_BYTES = 40;
const TEMPERATURE = 8;
const HUMIDITY = 24;

/** How fast the level follows: a step is three quarters followed after 27 readings. */
const LEVEL_RATE: f64 = 0.05;
/** The usual deviation changes more slowly than what it judges. */
const DEVIATION_RATE: f64 = 0.02;
/** Deviations below a sensor's own error say nothing: degrees Celsius and percent. */
const LEAST_TEMPERATURE_DEVIATION: f64 = 0.2;
const LEAST_HUMIDITY_DEVIATION: f64 = 0.5;
/** Readings until the level is trusted. */
const WARM_UP: u32 = 30;
/** Anomalous readings in a row until they are the new normal: 20 minutes at one in 5 seconds. */
const PATIENCE: u32 = 240;

export class Baseline {
  readonly record: Uint8Array;

  constructor(stored: Uint8Array | null) {
    this.record =
      stored !== null && stored.length == RECORD_BYTES ? stored : new Uint8Array(RECORD_BYTES);
  }

  private get taken(): u32 {
    return load<u32>(this.record.dataStart);
  }

  get anomalousReadings(): u32 {
    return load<u32>(this.record.dataStart, 4);
  }

  /** Takes a reading in; answers its score. */
  take(temperature: f64, humidity: f64, threshold: f64): f64 {
    const at = this.record.dataStart;
    const taken = this.taken;
    if (taken == 0) {
      store<f64>(at, temperature, TEMPERATURE);
      store<f64>(at, humidity, HUMIDITY);
    }
    const score = max(
      distance(at + TEMPERATURE, temperature, LEAST_TEMPERATURE_DEVIATION),
      distance(at + HUMIDITY, humidity, LEAST_HUMIDITY_DEVIATION),
    );
    const isAnomalous = taken >= WARM_UP && score > threshold;
    const inARow = isAnomalous ? this.anomalousReadings + 1 : 0;
    store<u32>(at, inARow, 4);
    if (!isAnomalous || inARow > PATIENCE) {
      // At first the level is the plain mean.
      const rate = max(LEVEL_RATE, 1 / <f64>(taken + 1));
      follow(at + TEMPERATURE, temperature, rate, isAnomalous);
      follow(at + HUMIDITY, humidity, rate, isAnomalous);
    }
    if (taken < u32.MAX_VALUE) store<u32>(at, taken + 1);
    return score;
  }
}

/** How far a value is from the level of the channel at `at`, in deviations. */
function distance(at: usize, value: f64, least: f64): f64 {
  return Math.abs(value - load<f64>(at)) / max(load<f64>(at, 8), least);
}

function follow(at: usize, value: f64, rate: f64, isAnomalous: bool): void {
  const difference = value - load<f64>(at);
  store<f64>(at, load<f64>(at) + rate * difference);
  // Outliers do not teach what a usual deviation is.
  if (isAnomalous) return;
  const deviation = load<f64>(at, 8);
  store<f64>(at, deviation + DEVIATION_RATE * (Math.abs(difference) - deviation), 8);
}
