export const HOURS_PER_DAY = 24;
export const HOURS_PER_WEEK = 168;

/** Level, trend, day and week: how fast each follows the readings, from 0 to 1. */
export const PARAMETERS = 4;

/**
 * Exponential smoothing with a level, a trend and two seasons, a day and a
 * week, all added up: the method of Holt and Winters with the second season
 * of Taylor (2003), "Short-term electricity demand forecasting using double
 * seasonal exponential smoothing".
 */
export class SeasonalModel {
  /** Mean of the absolute errors of the forecasts one hour ahead, without the first two weeks. */
  error: f64 = 0;
  /** How often it followed the readings. */
  fits: i32 = 0;
  private level: f64 = 0;
  private trend: f64 = 0;
  private day: StaticArray<f64> = new StaticArray<f64>(HOURS_PER_DAY);
  private week: StaticArray<f64> = new StaticArray<f64>(HOURS_PER_WEEK);

  constructor(private readings: StaticArray<f64>) {}

  /** Goes through all readings from the start with these parameters. @returns the error. */
  follow(parameters: StaticArray<f64>): f64 {
    const readings = this.readings;
    const day = this.day;
    const week = this.week;
    const followsLevel = parameters[0];
    const followsTrend = parameters[1];
    const followsDay = parameters[2];
    const followsWeek = parameters[3];
    let level = this.begin();
    let trend: f64 = 0;
    let errors: f64 = 0;
    let hourOfDay = 0;
    let hourOfWeek = 0;
    for (let i = 0; i < readings.length; i++) {
      const reading = unchecked(readings[i]);
      const daily = unchecked(day[hourOfDay]);
      const weekly = unchecked(week[hourOfWeek]);
      const expected = level + trend + daily + weekly;
      if (i >= 2 * HOURS_PER_WEEK) errors += Math.abs(reading - expected);
      const before = level;
      level = followsLevel * (reading - daily - weekly) + (1 - followsLevel) * (level + trend);
      trend = followsTrend * (level - before) + (1 - followsTrend) * trend;
      unchecked(
        (day[hourOfDay] = followsDay * (reading - level - weekly) + (1 - followsDay) * daily),
      );
      unchecked(
        (week[hourOfWeek] = followsWeek * (reading - level - daily) + (1 - followsWeek) * weekly),
      );
      if (++hourOfDay == HOURS_PER_DAY) hourOfDay = 0;
      if (++hourOfWeek == HOURS_PER_WEEK) hourOfWeek = 0;
    }
    this.level = level;
    this.trend = trend;
    this.fits++;
    this.error = errors / <f64>max(1, readings.length - 2 * HOURS_PER_WEEK);
    return this.error;
  }

  /** What is expected of an hour after the readings, 0 being the next. */
  expected(hour: i32): f64 {
    const at = this.readings.length + hour;
    // A trend does not go on for days.
    const trend = this.trend * <f64>min(hour + 1, HOURS_PER_DAY);
    return Math.max(
      0,
      this.level + trend + this.day[at % HOURS_PER_DAY] + this.week[at % HOURS_PER_WEEK],
    );
  }

  /** Sets the seasons to the first week's. @returns its level. */
  private begin(): f64 {
    let sum: f64 = 0;
    for (let i = 0; i < HOURS_PER_WEEK; i++) sum += unchecked(this.readings[i]);
    const level = sum / <f64>HOURS_PER_WEEK;
    for (let hour = 0; hour < HOURS_PER_DAY; hour++) {
      let daily: f64 = 0;
      for (let i = hour; i < HOURS_PER_WEEK; i += HOURS_PER_DAY)
        daily += unchecked(this.readings[i]);
      unchecked((this.day[hour] = daily / 7 - level));
    }
    for (let i = 0; i < HOURS_PER_WEEK; i++) unchecked((this.week[i] = 0));
    return level;
  }
}
