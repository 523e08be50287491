/** What the benchmark's task does, in plain JavaScript. */

const B = 17.62;
const C = 243.12;

interface Reading {
  readonly seq: number;
  readonly temperature: number;
  readonly humidity: number;
}

/** The answer to a reading. */
export function dewPointOf(payload: Buffer): string {
  const { seq, temperature, humidity } = JSON.parse(payload.toString()) as Reading;
  const gamma = Math.log(humidity / 100) + (B * temperature) / (C + temperature);
  const dewPoint = Math.round(((C * gamma) / (B - gamma)) * 100) / 100;
  return JSON.stringify({ seq, dewPoint });
}
