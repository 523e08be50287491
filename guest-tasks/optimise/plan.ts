export class Battery {
  constructor(
    /** kWh. */
    public capacity: f64,
    /** kW, in and out. */
    public power: f64,
    /** What is left of energy after a charge, and after a discharge. */
    public efficiency: f64,
    /** Levels of charge that are told apart. */
    public levels: i32,
  ) {}
}

/** What is known of a day, per step. */
export class Day {
  constructor(
    /** Of a kWh from the grid. */
    public prices: StaticArray<f64>,
    /** kW. */
    public load: StaticArray<f64>,
    /** kW. */
    public solar: StaticArray<f64>,
    /** Length of a step. */
    public hours: f64,
  ) {}
}

export class Plan {
  constructor(
    public cost: f64,
    public costWithout: f64,
    /** kWh in the battery after each step. */
    public charge: StaticArray<f64>,
  ) {}
}

/** What is fed into the grid earns this part of its price. */
const FEED_IN: f64 = 0.3;

/**
 * The cheapest way through the day: from the last step back to the first, for
 * each level the change that costs least with all that follows (Bellman).
 *
 * Memory: a change per step and level, i16, and two rows of costs.
 */
export function plan(battery: Battery, day: Day, charge: f64): Plan {
  const levels = battery.levels;
  const steps = day.prices.length;
  const kwhPerLevel = battery.capacity / <f64>(levels - 1);
  const reach = max(1, <i32>Math.floor((battery.power * day.hours) / kwhPerLevel));
  const changes = new StaticArray<i16>(steps * levels);
  let after = new StaticArray<f64>(levels);
  let before = new StaticArray<f64>(levels);
  for (let step = steps - 1; step >= 0; step--) {
    const costs = costsOfChanges(battery, day, step, reach);
    for (let level = 0; level < levels; level++) {
      let least = Infinity;
      let chosen = 0;
      const from = max(-reach, -level);
      const to = min(reach, levels - 1 - level);
      for (let change = from; change <= to; change++) {
        const cost = unchecked(costs[change + reach]) + unchecked(after[level + change]);
        if (cost < least) {
          least = cost;
          chosen = change;
        }
      }
      unchecked((before[level] = least));
      unchecked((changes[step * levels + level] = <i16>chosen));
    }
    const row = after;
    after = before;
    before = row;
  }

  const first = <i32>Math.round(Math.min(Math.max(charge, 0), battery.capacity) / kwhPerLevel);
  const charges = new StaticArray<f64>(steps);
  let level = first;
  for (let step = 0; step < steps; step++) {
    level += changes[step * levels + level];
    charges[step] = <f64>level * kwhPerLevel;
  }
  return new Plan(after[first], costWithout(day), charges);
}

/** What each change of level costs in a step, from the largest discharge to the largest charge. */
function costsOfChanges(battery: Battery, day: Day, step: i32, reach: i32): StaticArray<f64> {
  const kwhPerLevel = battery.capacity / <f64>(battery.levels - 1);
  const needed = (day.load[step] - day.solar[step]) * day.hours;
  const costs = new StaticArray<f64>(2 * reach + 1);
  for (let change = -reach; change <= reach; change++) {
    const stored = <f64>change * kwhPerLevel;
    const flow = change > 0 ? stored / battery.efficiency : stored * battery.efficiency;
    costs[change + reach] = costOf(needed + flow, day.prices[step]);
  }
  return costs;
}

function costWithout(day: Day): f64 {
  let cost: f64 = 0;
  for (let step = 0; step < day.prices.length; step++) {
    cost += costOf((day.load[step] - day.solar[step]) * day.hours, day.prices[step]);
  }
  return cost;
}

/** @param kwh From the grid; below zero into it. */
function costOf(kwh: f64, price: f64): f64 {
  return kwh >= 0 ? kwh * price : kwh * price * FEED_IN;
}
